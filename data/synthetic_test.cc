#include "data/synthetic.h"

#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace sid {
namespace {

using testing::HasSubstr;

TEST(BayesError, IsTheKnownOneForTwoClasses) {
  // The means lie separation * sqrt(2) apart; so the error is Phi(-separation / sqrt(2)).
  for (const double separation : {0.5, 1.0, 2.0, 4.0, 6.0}) {
    const double expected = 0.5 * std::erfc(separation / 2);
    EXPECT_NEAR(BayesError(2, separation) / expected, 1, 1e-10) << separation;
  }
}

TEST(BayesError, IsChanceWithoutSeparationAndNoneWithMuch) {
  for (const int64_t classes : {2, 10, 1000}) {
    EXPECT_NEAR(BayesError(classes, 0), 1 - 1.0 / static_cast<double>(classes), 1e-10) << classes;
    EXPECT_LT(BayesError(classes, 20), 1e-30) << classes;
  }
}

TEST(BayesError, OfTheDefaultIsTwoPercent) {
  const SyntheticConfig config;
  EXPECT_NEAR(BayesError(config.classes, config.separation), 0.02, 0.001);
}

// The share of images whose nearest mean is another class's: the Bayes classifier, which knows the means.
double NearestMeanError(const SyntheticConfig& config, const Examples& part) {
  const at::Tensor means = SyntheticMeans(config).flatten(1) - 127.5;
  int64_t errors = 0;
  for (int64_t start = 0; start < part.size(); start += 1000) {
    const at::Tensor pixels = part.images.slice(0, start, start + 1000).flatten(1).to(at::kFloat) - 127.5;
    // Where |x - m|^2 is the smallest, <x, m> - |m|^2 / 2 is the largest.
    const at::Tensor nearest = at::argmax(at::matmul(pixels, means.t()) - means.square().sum(1) / 2, 1);
    errors += nearest.ne(part.labels.slice(0, start, start + 1000)).sum().item<int64_t>();
  }
  return static_cast<double>(errors) / static_cast<double>(part.size());
}

TEST(Synthetic, TheBayesClassifierErrsAsOftenAsComputed) {
  std::vector<SyntheticConfig> configs(5);
  configs[1] = {.classes = 2, .channels = 1, .height = 1, .width = 2, .separation = 1.0};
  configs[2] = {.classes = 48, .channels = 3, .height = 4, .width = 4, .separation = 3.0};  // C = all dimensions
  configs[3] = {.classes = 100, .channels = 1, .height = 28, .width = 28, .separation = 2.5};
  configs[4] = {.classes = 3, .channels = 3, .height = 8, .width = 5, .separation = 0.3};
  for (SyntheticConfig& config : configs) {
    config.train_examples = 20000;
    config.test_examples = 3 * config.classes;
    for (config.seed = 1; config.seed <= 2; ++config.seed) {
      const Dataset dataset = MakeSynthetic(config).value();
      const double expected = BayesError(config.classes, config.separation);
      // Four standard deviations of the sample: one false alarm in 16,000.
      const double tolerance = 4 * std::sqrt(expected * (1 - expected) / 20000);
      EXPECT_NEAR(NearestMeanError(config, dataset.train), expected, tolerance)
          << config.classes << " classes, seed " << config.seed;
    }
  }
}

TEST(Synthetic, MeansOfTheImagesAreTheKnownOnes) {
  SyntheticConfig config;
  config.classes = 3;
  config.height = config.width = 8;
  config.train_examples = 30000;
  const Dataset dataset = MakeSynthetic(config).value();
  const at::Tensor means = SyntheticMeans(config);
  for (int64_t label = 0; label < 3; ++label) {
    const at::Tensor images = dataset.train.images.index({dataset.train.labels.eq(label)}).to(at::kFloat);
    EXPECT_LT((images.mean(0) - means[label]).abs().max().item<double>(), 1);  // noise of 14 gray levels, 10,000 images
  }
}

TEST(Synthetic, DirectionsOfClassesAreOrthogonalAndOfEqualLength) {
  SyntheticConfig config;
  const at::Tensor centered = (SyntheticMeans(config).flatten(1) - 127.5).to(at::kDouble);
  const at::Tensor products = at::matmul(centered, centered.t());
  const double squared_length = products[0][0].item<double>();
  EXPECT_GT(squared_length, 100);
  for (int64_t i = 0; i < 10; ++i) {
    for (int64_t j = 0; j < 10; ++j)
      EXPECT_NEAR(products[i][j].item<double>() / squared_length, i == j ? 1 : 0, 1e-5) << i << ", " << j;
  }
}

TEST(Synthetic, SameSeedSameBytes) {
  SyntheticConfig config;
  const Dataset first = MakeSynthetic(config).value();
  const Dataset again = MakeSynthetic(config).value();
  config.seed = 2;
  const Dataset other = MakeSynthetic(config).value();
  EXPECT_TRUE(at::equal(first.train.images, again.train.images));
  EXPECT_TRUE(at::equal(first.test.images, again.test.images));
  EXPECT_FALSE(at::equal(first.train.images, other.train.images));
  EXPECT_FALSE(at::equal(first.train.images[0], first.test.images[0]));  // both of class 0
}

TEST(Synthetic, ClassesAreEquallyFrequent) {
  const Dataset dataset = MakeSynthetic({}).value();
  EXPECT_EQ(dataset.train.images.sizes(), at::IntArrayRef({2000, 3, 32, 32}));
  EXPECT_EQ(dataset.class_names.size(), 10u);
  const at::Tensor counts = at::bincount(dataset.train.labels, {}, 10);
  EXPECT_EQ(counts.min().item<int>(), 200);
  EXPECT_EQ(counts.max().item<int>(), 200);
}

std::string Error(const SyntheticConfig& config) { return std::string(MakeSynthetic(config).status().message()); }

TEST(Synthetic, ImpossibleConfigsAreErrors) {
  EXPECT_THAT(Error({.classes = 13, .channels = 1, .height = 3, .width = 4}), HasSubstr("at most as many"));
  EXPECT_EQ(Error({.classes = 12, .channels = 1, .height = 3, .width = 4}), "");
  EXPECT_THAT(Error({.classes = 1}), HasSubstr("at least 2"));
  EXPECT_THAT(Error({.height = 0}), HasSubstr("positive"));
  EXPECT_THAT(Error({.separation = 0}), HasSubstr("positive"));
}

}  // namespace
}  // namespace sid
