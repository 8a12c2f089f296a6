#include "bench/results/targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

using testing::HasSubstr;

ContenderResult Step(const std::string& learner, const std::string& executor, int64_t depth, bool captured,
                     double seconds) {
  return {.contender = {.learner = learner, .executor = executor, .captured = captured, .depth = depth},
          .step = {seconds, 0, {0.99 * seconds, 1.01 * seconds}, 20}};
}

// At L = 64: sid captured in 2 (cuda) or 3 s (batched), bp-chain in 9 s, plain in 15 s. At L = 4 sid takes 1.8 s.
Results AtDepth64() {
  Results results;
  results.contenders = {Step("sid", "cuda", 4, true, 1.8), Step("sid", "batched", 64, true, 3),
                        Step("sid", "cuda", 64, true, 2), Step("bp-chain", "", 64, true, 9),
                        Step("bp-chain", "", 64, false, 15)};
  const auto pair = [&](size_t of, size_t over) {
    const ContenderResult &a = results.contenders[of], &b = results.contenders[over];
    const double ratio = b.step.median / a.step.median;
    return MeasuredSpeedup{Label(a.contender), Label(b.contender), {ratio, 0, {0.98 * ratio, 1.02 * ratio}, 20}};
  };
  // The second is the other way around: a run's pairs come in the order of its contenders.
  results.measured = {pair(1, 3), pair(3, 2), pair(2, 4)};
  return results;
}

TargetResult Find(const Results& results, const std::string& what) {
  for (const TargetResult& target : JudgeTargets(results)) {
    if (target.what.find(what) != std::string::npos) return target;
  }
  ADD_FAILURE() << "no target about " << what;
  return {};
}

TEST(JudgeTargets, TakesTheFastestExecutorAndPairsInEitherOrder) {
  const TargetResult target = Find(AtDepth64(), "at least 4 times");
  EXPECT_THAT(target.what, HasSubstr("sid/cuda/captured L=64 B=128 over bp-chain/captured L=64 B=128"));
  EXPECT_DOUBLE_EQ(target.ratio, 4.5);
  EXPECT_NEAR(target.interval.low, 4.41, 0.01);
  EXPECT_LT(target.interval.low, target.interval.high);
  EXPECT_EQ(target.verdict, TargetVerdict::kMet);
}

TEST(JudgeTargets, ABoundAboveTheIntervalIsMissedAndOneInsideUndecided) {
  Results results = AtDepth64();
  EXPECT_EQ(Find(results, "at least 10 times").verdict, TargetVerdict::kMissed);
  results.measured[2].ratio.interval.high = 11;
  EXPECT_EQ(Find(results, "at least 10 times").verdict, TargetVerdict::kUndecided);
}

TEST(JudgeTargets, DepthMayCostAtMostItsBound) {
  Results results = AtDepth64();
  EXPECT_EQ(Find(results, "at most 1.3").verdict, TargetVerdict::kMet);  // 2 / 1.8
  results.contenders[0].step = {1, 0, {0.99, 1.01}, 20};
  EXPECT_EQ(Find(results, "at most 1.3").verdict, TargetVerdict::kMissed);
}

TEST(JudgeTargets, WhatIsMissingOrDisturbedIsNotMeasured) {
  Results results = AtDepth64();
  EXPECT_EQ(Find(results, "L=16").verdict, TargetVerdict::kNotMeasured);
  results.measured[1].trusted = false;
  results.contenders[0].trusted = false;
  EXPECT_EQ(Find(results, "at least 4 times").verdict, TargetVerdict::kNotMeasured);
  EXPECT_EQ(Find(results, "at most 1.3").verdict, TargetVerdict::kNotMeasured);
}

TEST(JudgeTargets, EachPrecisionHasItsOwn) {
  Results results = AtDepth64();
  ContenderResult other = results.contenders[0];
  other.contender.precision = "bf16";
  results.contenders.push_back(other);
  EXPECT_EQ(JudgeTargets(results).size(), 10u);
}

}  // namespace
}  // namespace sid
