#include "bench/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <tuple>

namespace sid {
namespace {

constexpr uint64_t kSeed = 5;

TEST(Median, OfOddEvenOneAndNone) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({7}), 7);
  EXPECT_TRUE(std::isnan(Median({})));
}

TEST(Summarise, FewSamplesGiveTheirRangeAndNoneGiveNan) {
  const Summary few = Summarise({3, 1, 2});
  EXPECT_EQ(few.median, 2);
  EXPECT_EQ(few.interval.low, 1);
  EXPECT_EQ(few.interval.high, 3);
  EXPECT_TRUE(std::isnan(Summarise({}).interval.low));
  EXPECT_EQ(Summarise({}).samples, 0);
}

// By the table of the binomial distribution.
TEST(Summarise, TheIntervalLiesBetweenTwoOfTheSortedSamples) {
  const std::tuple<int, double, double> ranks[] = {{6, 1, 6},   {8, 1, 8},   {9, 2, 8},
                                                   {20, 6, 15}, {25, 8, 18}, {30, 10, 21}};
  for (const auto& [count, low, high] : ranks) {
    std::vector<double> values(count);
    std::iota(values.rbegin(), values.rend(), 1);
    EXPECT_EQ(Summarise(values).interval.low, low) << count;
    EXPECT_EQ(Summarise(values).interval.high, high) << count;
  }
}

// The promise of the intervals: at least 95 % for the median whatever the law, here a floor and a long tail as times have, whose median is
// log 2; and 95 % for the ratio where its logarithm scatters normally. Of 2000 studies the share has a standard error of 0.5 points.
TEST(Summarise, TheIntervalsContainTheTruthAsOftenAsTheySay) {
  constexpr int kStudies = 2000;
  std::mt19937_64 random(kSeed);
  std::exponential_distribution<double> tail;
  std::lognormal_distribution<double> pair(std::log(1.3), 0.1);
  for (const int samples : {8, 25}) {
    int medians = 0, ratios = 0;
    for (int study = 0; study < kStudies; ++study) {
      std::vector<double> times(samples), slow(samples);
      for (double& time : times) time = 10 + tail(random);
      for (int i = 0; i < samples; ++i) slow[i] = times[i] * pair(random);
      const Interval median = Summarise(times).interval, ratio = SummariseRatios(slow, times).interval;
      medians += median.low <= 10 + std::log(2) && 10 + std::log(2) <= median.high ? 1 : 0;
      ratios += ratio.low <= 1.3 && 1.3 <= ratio.high ? 1 : 0;
    }
    EXPECT_GE(medians, 0.94 * kStudies) << "seed " << kSeed << ", samples " << samples;
    EXPECT_LE(medians, 0.998 * kStudies) << "seed " << kSeed << ", samples " << samples;
    EXPECT_NEAR(ratios, 0.95 * kStudies, 0.015 * kStudies) << "seed " << kSeed << ", samples " << samples;
  }
}

// A drift of the machine by a factor of three moves both halves of a pair: the ratio must not see it.
TEST(SummariseRatios, WhatSlowsBothDownCancels) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> noise(1, 0.01);
  std::vector<double> slow, fast;
  for (int i = 0; i < 40; ++i) {
    const double machine = 1 + 2.0 * i / 39;
    slow.push_back(1.3 * machine * noise(random));
    fast.push_back(machine * noise(random));
  }
  const Summary ratio = SummariseRatios(slow, fast);
  EXPECT_GT(ratio.interval.low, 1.28);
  EXPECT_LT(ratio.interval.high, 1.32);
  EXPECT_GT(Summarise(slow).interval.high / Summarise(slow).interval.low, 1.3) << "the times alone are not that sure";
}

}  // namespace
}  // namespace sid
