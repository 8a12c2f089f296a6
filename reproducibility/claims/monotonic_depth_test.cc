// Claims C7 and C8 of the paper on a trained network: does the belief improve with depth, and does the bound hold?
//
// SID is trained on mnist-mini's digits at L = 4, 8 and 16 with fixed seeds, and its beliefs on the 1,500 test images are
// measured. Training repeats the same bits on one machine, but not on another one; so what is asserted is about the images'
// population, with tolerances from the sample's size, fixed before looking:
//
//   mean d_i does not rise with i   for each of the 4 + 8 + 16 modules, the mean of d_i - d_{i-1} over the n = 1,500 images is
//                                   at most z times its standard error: the differences are paired, so the error is that of
//                                   their own mean. z = 3.4 is the normal quantile of 1 - 0.01/28: where every true mean is
//                                   just 0, one of the 28 fails by chance on one machine in a hundred.
//   the last belief classifies no worse than the first    the images that only one of the two gets right (b for the first, c
//                                   for the last) say so: c - b >= -z sqrt(b + c), McNemar's statistic with the same z.
//   the bound is never exceeded     for any image at any module, by more than 1e-9 nats, which is rounding.
//
// bp-chain is trained the same way to show what backpropagation makes of the inner beliefs. It must learn, and it must fail
// the first of these tests, or that test would be blind; the bound holds for any beliefs, so for its own too.

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/concat.h>
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <string>

#include "data/batches/batches.h"
#include "sid/belief/belief.h"
#include "sid/theory/quantities.h"
#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {
namespace {

constexpr double kAlpha = 0.5, kQuantile = 3.4, kRounding = 1e-9;

// Digits at half their resolution are still easy to tell apart, and four times as fast to train on.
void HalveResolution(Examples& examples) {
  if (examples.size() > 0) examples.images = at::avg_pool2d(examples.images.to(at::kFloat), 2).round().to(at::kByte);
}

PreparedRun Prepared(const std::string& learner, int64_t depth) {
  TrainConfig config{.learner = learner, .depth = depth, .augmentation = "none", .epochs = 3};
  config.alpha = std::to_string(kAlpha);
  config.validation_fraction = 0;  // nothing is chosen
  config.device = "cpu";
  auto run = Prepare(config);
  if (!run.ok()) ADD_FAILURE() << run.status();
  HalveResolution(run->dataset.train);
  HalveResolution(run->dataset.test);
  run->dataset.statistics = ComputeStatistics(run->dataset.train.images);
  return *std::move(run);
}

struct Trained {
  at::Tensor labels;
  at::Tensor log_beliefs;  // of the test images [L+1, N, C], p_0 included
  Quantities quantities;
};

Trained TrainAndMeasure(const std::string& learner, int64_t depth) {
  PreparedRun run = Prepared(learner, depth);
  TrainingHooks hooks;
  hooks.clock = [] { return 0.0; };
  PhaseTimer untimed;
  const auto result = Train(run.dataset, run.options, hooks, untimed, *run.learner);
  if (!result.ok()) ADD_FAILURE() << result.status();
  const Batch test = OrderedBatch(run.dataset.test, run.dataset.statistics, 0, run.dataset.test.size());
  const at::Tensor log_beliefs = run.learner->Predict(test.images);
  const at::Tensor log_y = TargetBelief(test.labels, log_beliefs.size(2), 0, at::kDouble);
  return {test.labels, log_beliefs,
          Measure(Divergence::kForward, std::vector<double>(depth, kAlpha), log_y, log_beliefs)};
}

at::Tensor Correct(const Trained& trained, int64_t depth) {
  return trained.log_beliefs[depth].argmax(-1).eq(trained.labels);
}

void Show(const std::string& learner, const Trained& trained) {
  const QuantitySummary summary = Summarise(trained.quantities);
  std::cout << learner << ": depth, accuracy, mean d_i, mean e_i, fraction of images whose d_i fell\n";
  for (size_t i = 1; i < summary.divergence.size(); ++i) {
    std::cout << "  " << i << "  " << Correct(trained, static_cast<int64_t>(i)).to(at::kDouble).mean().item<double>()
              << "  " << summary.divergence[i] << "  " << summary.failure[i - 1] << "  " << summary.fell[i - 1] << "\n";
  }
  std::cout << "  fell at every module: " << summary.fell_everywhere << "; bound " << summary.bound.back()
            << ", largest excess over it " << summary.largest_excess << std::endl;
}

// The largest mean of d_i - d_{i-1} over the modules, in standard errors of its own.
double LargestRise(const Trained& trained) {
  const at::Tensor change = trained.quantities.divergence.diff(1, 0);  // [L, N]
  const double root = std::sqrt(static_cast<double>(change.size(1)));
  return (root * change.mean(1) / change.std(1)).max().item<double>();
}

void ExpectLastClassifiesNoWorseThanFirst(const Trained& trained) {
  const at::Tensor first = Correct(trained, 1), last = Correct(trained, trained.log_beliefs.size(0) - 1);
  const auto only_first = first.logical_and(last.logical_not()).sum().item<double>();
  const auto only_last = last.logical_and(first.logical_not()).sum().item<double>();
  EXPECT_GE(only_last - only_first, -kQuantile * std::sqrt(only_first + only_last))
      << only_first << " images only the first belief gets right, " << only_last << " only the last";
  EXPECT_GT(last.to(at::kDouble).mean().item<double>(), 0.9) << "it did not learn, so this says nothing";
}

class MonotonicDepthTest : public testing::TestWithParam<int64_t> {};

TEST_P(MonotonicDepthTest, SidImprovesWithDepth) {
  const Trained trained = TrainAndMeasure("sid", GetParam());
  Show("sid", trained);
  EXPECT_LE(LargestRise(trained), kQuantile);
  ExpectLastClassifiesNoWorseThanFirst(trained);
  EXPECT_LE(Summarise(trained.quantities).largest_excess, kRounding);
}

INSTANTIATE_TEST_SUITE_P(Depths, MonotonicDepthTest, testing::Values(4, 8, 16));

TEST(MonotonicDepth, BackpropagationLeavesInnerBeliefsMeaningless) {
  const Trained trained = TrainAndMeasure("bp-chain", 8);
  Show("bp-chain", trained);
  EXPECT_GT(Correct(trained, 8).to(at::kDouble).mean().item<double>(), 0.9);
  EXPECT_GT(LargestRise(trained), kQuantile) << "the test of SID's descent could not tell it from bp-chain";
  EXPECT_LE(Summarise(trained.quantities).largest_excess, kRounding);
}

}  // namespace
}  // namespace sid
