#include "sid/theory/quantities.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

// Two classes, two modules, three samples of class 0, worked out by hand: p_i(0) by depth.
//   sample 0 improves twice, sample 1 stays and improves, sample 2 improves and falls back.
at::Tensor ByHand() {
  const at::Tensor p = at::tensor({0.5, 0.5, 0.5, /**/ 0.75, 0.5, 0.8, /**/ 0.9, 0.6, 0.5}, at::kDouble).view({3, 3});
  return at::stack({p, 1 - p}, -1).log();
}

at::Tensor Labels(int64_t count) { return at::zeros({count}, at::kLong); }

TEST(Quantities, AreThoseOfACaseWorkedOutByHand) {
  const at::Tensor log_y = TargetBelief(Labels(3), 2, 0, at::kDouble);
  const Quantities q = Measure(Divergence::kForward, {0.5, 0.25}, log_y, ByHand());
  EXPECT_NEAR(q.divergence[0][0].item<double>(), std::log(2), 1e-15);
  EXPECT_NEAR(q.divergence[2][0].item<double>(), -std::log(0.9), 1e-15);
  // l_1 = 0.5 * -log 0.75 + 0.5 KL((.5, .5) || (.75, .25))
  const double kl = 0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(0.5 / 0.25);
  EXPECT_NEAR(q.loss[0][0].item<double>(), 0.5 * -std::log(0.75) + 0.5 * kl, 1e-15);
  EXPECT_EQ(q.failure[0][0].item<double>(), 0);
  EXPECT_EQ(q.failure[0][1].item<double>(), 0);  // passing the input on is no failure
  // Sample 2 falls back from 0.8 to 0.5: e_2 = 0.25 log 2 + 0.75 KL((.8, .2) || (.5, .5)) - 0.25 * -log 0.8
  const double back = 0.8 * std::log(1.6) + 0.2 * std::log(0.4);
  const double failure = 0.25 * std::log(2) + 0.75 * back + 0.25 * std::log(0.8);
  EXPECT_NEAR(q.failure[1][2].item<double>(), failure, 1e-15);
  EXPECT_NEAR(q.bound[1][2].item<double>(), std::log(2) + failure / 0.25, 1e-15);
  EXPECT_NEAR(q.contraction[1][2].item<double>(), std::log(2) / -std::log(0.8), 1e-14);
  EXPECT_NEAR(q.entropy[0][1].item<double>(), std::log(2), 1e-15);
}

TEST(Quantities, SummaryCountsWhoFell) {
  const at::Tensor log_y = TargetBelief(Labels(3), 2, 0, at::kDouble);
  const QuantitySummary summary = Summarise(Measure(Divergence::kForward, {0.5, 0.25}, log_y, ByHand()));
  EXPECT_EQ(summary.fell, (std::vector<double>{2.0 / 3, 2.0 / 3}));
  EXPECT_NEAR(summary.fell_everywhere, 1.0 / 3, 1e-15);
  EXPECT_LE(summary.largest_excess, 1e-15);
  EXPECT_NEAR(summary.contraction[0], -std::log(0.75) / std::log(2), 1e-15);  // the median of the three
  EXPECT_EQ(summary.divergence.size(), 3u);
}

// Floats that sum to one within rounding only, passed on unchanged a thousand times: no failure, no excess.
TEST(Quantities, AFloatsRoundingIsNoFailure) {
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  const at::Tensor belief = BeliefOf(5 * at::randn({20, 100}, generator, at::kFloat));
  const at::Tensor log_beliefs = at::stack(std::vector<at::Tensor>(1001, belief));
  const at::Tensor log_y = TargetBelief(Labels(20), 100, 0.1, at::kFloat);
  for (const Divergence divergence : {Divergence::kForward, Divergence::kReverse}) {
    const Quantities q = Measure(divergence, std::vector<double>(1000, 0.5), log_y, log_beliefs);
    EXPECT_LT(q.failure.max().item<double>(), 1e-13);
    EXPECT_LT((q.divergence[1000] - q.bound[999]).abs().max().item<double>(), 1e-10);
  }
}

TEST(Quantities, NothingLeftToShrinkCountsAsNoChange) {
  const at::Tensor sure = at::tensor({0.0, -1e4}, at::kDouble).expand({2, 1, 2});
  const Quantities q =
      Measure(Divergence::kForward, {0.5}, TargetBelief(Labels(1), 2, 0, at::kDouble), sure.contiguous());
  EXPECT_EQ(q.contraction.item<double>(), 1);
}

// In closed form, one-hot and forward: 1 - p_y shrinks by 1 - a at every module.
TEST(AttainableDivergence, IsTheMinimisersClosedForm) {
  const std::vector<double> alphas{1.0 / 3, 0.5, 0.1};
  const std::vector<double> attainable = AttainableDivergence(Divergence::kForward, alphas, 10, 0);
  double error = 0.9;
  EXPECT_NEAR(attainable[0], -std::log(1 - error), 1e-14);
  for (size_t i = 0; i < alphas.size(); ++i) {
    error *= 1 - alphas[i];
    EXPECT_NEAR(attainable[i + 1], -std::log(1 - error), 1e-14);
  }
  EXPECT_EQ(AttainableDivergence(Divergence::kForward, {1, 0.5}, 10, 0).back(), 0);
  const std::vector<double> reverse = AttainableDivergence(Divergence::kReverse, {0.5, 1}, 10, 0.1);
  EXPECT_LT(reverse[1], reverse[0]);
  EXPECT_NEAR(reverse[2], 0, 1e-14);
}

}  // namespace
}  // namespace sid
