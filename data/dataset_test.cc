#include "data/dataset.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace sid {
namespace {

using testing::HasSubstr;

at::Tensor RandomImages() {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  at::Tensor images = at::randint(0, 256, {50, 3, 5, 7}, generator, at::TensorOptions(at::kByte));
  images.select(1, 1).div_(4, "floor").add_(100);
  return images;
}

TEST(ComputeStatistics, AgreesWithTheTextbookInDouble) {
  const at::Tensor images = RandomImages();
  // Neither the layout in memory nor being part of a larger tensor may matter.
  for (const at::Tensor& layout :
       {images, images.contiguous(at::MemoryFormat::ChannelsLast), images.slice(0, 10, 30)}) {
    const ChannelStatistics statistics = ComputeStatistics(layout);
    ASSERT_EQ(statistics.mean.size(), 3u);
    for (int64_t channel = 0; channel < 3; ++channel) {
      const at::Tensor pixels = layout.select(1, channel).to(at::kDouble);
      const double mean = pixels.mean().item<double>();
      EXPECT_NEAR(statistics.mean[channel], mean, 1e-4);
      EXPECT_NEAR(statistics.standard_deviation[channel], (pixels - mean).square().mean().sqrt().item<double>(), 1e-4);
    }
  }
}

TEST(ComputeStatistics, ADeviationIsNeverBelowOne) {
  const ChannelStatistics statistics = ComputeStatistics(at::full({2, 1, 3, 3}, 255, at::kByte));
  EXPECT_EQ(statistics.mean[0], 255);
  EXPECT_EQ(statistics.standard_deviation[0], 1);
}

TEST(Validate, ALabelOutOfRangeIsAnErrorWithItsPlace) {
  Dataset dataset;
  dataset.name = "letters";
  dataset.class_names = {"a", "b"};
  dataset.train = {RandomImages(), at::full({50}, 1, at::kLong)};
  dataset.test = {RandomImages(), at::full({50}, 0, at::kLong)};
  EXPECT_TRUE(Validate(dataset).ok());
  dataset.test.labels[17].fill_(2);
  EXPECT_THAT(std::string(Validate(dataset).message()), HasSubstr("letters (test): example 17 has label 2"));
  dataset.train.labels[3].fill_(-1);
  EXPECT_THAT(std::string(Validate(dataset).message()), HasSubstr("letters (train): example 3 has label -1"));
}

}  // namespace
}  // namespace sid
