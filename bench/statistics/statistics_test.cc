#include "bench/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sid {
namespace {

constexpr uint64_t kSeed = 5;

TEST(Median, OfOddEvenOneAndNone) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({7}), 7);
  EXPECT_TRUE(std::isnan(Median({})));
}

TEST(MedianAbsoluteDeviation, IgnoresOneWildValue) {
  EXPECT_EQ(MedianAbsoluteDeviation({1, 2, 3, 4, 5}), 1);
  EXPECT_EQ(MedianAbsoluteDeviation({1, 2, 3, 4, 1e9}), 1);
}

TEST(Summarise, FewSamplesGiveTheirRangeAndNoneGiveNan) {
  const Summary few = Summarise({3, 1, 2}, kSeed);
  EXPECT_EQ(few.median, 2);
  EXPECT_EQ(few.interval.low, 1);
  EXPECT_EQ(few.interval.high, 3);
  EXPECT_TRUE(std::isnan(Summarise({}, kSeed).interval.low));
  EXPECT_EQ(Summarise({}, kSeed).samples, 0);
}

TEST(Summarise, RepeatsWithItsSeedAlone) {
  std::mt19937_64 random(kSeed);
  std::exponential_distribution<double> tail;
  std::vector<double> values(30);
  for (double& value : values) value = 1 + tail(random);
  const Summary first = Summarise(values, 1), again = Summarise(values, 1);
  EXPECT_EQ(first.interval.low, again.interval.low);
  EXPECT_EQ(first.interval.high, again.interval.high);
}

// The promise of the interval, on the kind of samples that times are: a floor and a long tail. The median of the exponential
// distribution is log 2. 600 studies: the share that contains it has a standard error of 0.9 points.
TEST(Summarise, TheIntervalContainsTheTruthAsOftenAsItSays) {
  constexpr int kStudies = 600;
  std::mt19937_64 random(kSeed);
  std::exponential_distribution<double> tail;
  int contains = 0;
  for (int study = 0; study < kStudies; ++study) {
    std::vector<double> values(25);
    for (double& value : values) value = 10 + tail(random);
    const Interval interval = Summarise(values, study).interval;
    contains += interval.low <= 10 + std::log(2) && 10 + std::log(2) <= interval.high ? 1 : 0;
  }
  EXPECT_GE(contains, 0.92 * kStudies) << "seed " << kSeed;
  EXPECT_LE(contains, 0.985 * kStudies) << "seed " << kSeed;
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
  const Summary ratio = SummariseRatios(slow, fast, kSeed);
  EXPECT_GT(ratio.interval.low, 1.28);
  EXPECT_LT(ratio.interval.high, 1.32);
  EXPECT_GT(Summarise(slow, kSeed).interval.high / Summarise(slow, kSeed).interval.low, 1.3)
      << "the times alone are not that sure";
}

}  // namespace
}  // namespace sid
