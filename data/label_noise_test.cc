#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/changes.h"

namespace sid {
namespace {

constexpr int64_t kClasses = 10;

Examples MakeExamples(int64_t size) {
  return {at::zeros({size, 1, 1, 1}, at::kByte), at::arange(size, at::kLong).remainder(kClasses)};
}

Dataset MakeDataset(int64_t size) {
  return {.name = "numbered",
          .class_names = std::vector<std::string>(kClasses, "class"),
          .train = MakeExamples(size),
          .validation = MakeExamples(30),
          .test = MakeExamples(20)};
}

at::Tensor WrongIndices(const Examples& noisy) {
  return at::nonzero(noisy.labels.ne(MakeExamples(noisy.size()).labels)).view(-1);
}

TEST(AddLabelNoise, FlipsExactlyTheExamplesThatItNames) {
  for (const int64_t size : {1, 7, 1000}) {
    for (const double fraction : {0.0, 0.1, 0.25, 0.5, 0.999}) {
      SCOPED_TRACE(testing::Message() << fraction << " of " << size);
      const NoisyLabels noisy = AddLabelNoise(MakeDataset(size), fraction, 5).value();
      EXPECT_EQ(noisy.flipped.size(0), std::llround(fraction * size));
      // A flipped label that stayed its own class would be missing here.
      EXPECT_TRUE(at::equal(noisy.flipped, WrongIndices(noisy.dataset.train)));
      EXPECT_TRUE(Validate(noisy.dataset).ok()) << Validate(noisy.dataset);
    }
  }
}

TEST(AddLabelNoise, DrawsEveryOtherClassAlike) {
  constexpr int64_t kSize = 50000;
  const NoisyLabels noisy = AddLabelNoise(MakeDataset(kSize), 0.4, 5).value();
  const at::Tensor from = MakeExamples(kSize).labels.index_select(0, noisy.flipped);
  const at::Tensor to = noisy.dataset.train.labels.index_select(0, noisy.flipped);
  const at::Tensor cells = (from * kClasses + to).bincount({}, kClasses * kClasses).view({kClasses, kClasses});
  double chi_squared = 0;
  for (int64_t i = 0; i < kClasses; ++i) {
    const double expected = cells[i].sum().item<double>() / (kClasses - 1);
    for (int64_t j = 0; j < kClasses; ++j) {
      const double observed = cells[i][j].item<double>();
      if (i != j) chi_squared += (observed - expected) * (observed - expected) / expected;
    }
  }
  // 80 degrees of freedom: 9 cells in each of 10 rows whose sums are given. Uniform draws exceed 136 once in 10,000.
  EXPECT_LT(chi_squared, 136);
  // And draws that are more even than chance would be no draws: below 41 once in 10,000.
  EXPECT_GT(chi_squared, 41);
}

TEST(AddLabelNoise, LeavesTheRestClean) {
  const Dataset clean = MakeDataset(1000);
  const NoisyLabels noisy = AddLabelNoise(clean, 0.5, 5).value();
  EXPECT_EQ(WrongIndices(clean.train).size(0), 0);
  EXPECT_EQ(WrongIndices(noisy.dataset.validation).size(0), 0);
  EXPECT_EQ(WrongIndices(noisy.dataset.test).size(0), 0);
  EXPECT_TRUE(at::equal(noisy.dataset.train.images, clean.train.images));
}

TEST(AddLabelNoise, DependsOnTheSeedAlone) {
  const auto labels = [](uint64_t seed) { return AddLabelNoise(MakeDataset(1000), 0.3, seed)->dataset.train.labels; };
  EXPECT_TRUE(at::equal(labels(1), labels(1)));
  EXPECT_FALSE(at::equal(labels(1), labels(2)));
}

TEST(AddLabelNoise, SaysWhatIsWrongWithAFraction) {
  for (const double fraction : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(AddLabelNoise(MakeDataset(10), fraction, 1).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(AddLabelNoise(MakeDataset(10), 1.5, 1).status().message(),
            "label noise 1.5 is not in [0, 1); 0.2 gives a fifth of the training examples a wrong label, 0 none");
  Dataset one_class = MakeDataset(10);
  one_class.class_names.resize(1);
  EXPECT_EQ(AddLabelNoise(one_class, 0.5, 1).status().message(),
            "label noise 0.5 needs a second class to draw, but numbered has 1; choose 0");
}

}  // namespace
}  // namespace sid
