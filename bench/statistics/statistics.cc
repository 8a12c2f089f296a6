#include "bench/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/random.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int kResamples = 2000;
constexpr double kOutside = 0.05;
constexpr size_t kFewest = 5;  // below, a bootstrap's tails are the extremes anyway

// The value below which a fraction of the sorted values lies, the nearest of them.
double Quantile(const std::vector<double>& sorted, double fraction) {
  return sorted[static_cast<size_t>(std::lround(fraction * static_cast<double>(sorted.size() - 1)))];
}

Interval BootstrapOfMedian(const std::vector<double>& values, uint64_t seed) {
  std::mt19937_64 random(MixSeed(seed, RandomUse::kBootstrap));
  std::uniform_int_distribution<size_t> index(0, values.size() - 1);
  std::vector<double> medians, drawn(values.size());
  medians.reserve(kResamples);
  for (int k = 0; k < kResamples; ++k) {
    for (double& value : drawn) value = values[index(random)];
    medians.push_back(Median(drawn));
  }
  std::sort(medians.begin(), medians.end());
  return {Quantile(medians, kOutside / 2), Quantile(medians, 1 - kOutside / 2)};
}

Interval IntervalOfMedian(const std::vector<double>& values, uint64_t seed) {
  if (values.size() >= kFewest) return BootstrapOfMedian(values, seed);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double MedianAbsoluteDeviation(const std::vector<double>& values) {
  const double median = Median(values);
  std::vector<double> distances;
  distances.reserve(values.size());
  for (const double value : values) distances.push_back(std::abs(value - median));
  return Median(std::move(distances));
}

Summary Summarise(const std::vector<double>& values, uint64_t seed) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {kNothing, kNothing, {kNothing, kNothing}, 0};
  return {Median(values), MedianAbsoluteDeviation(values), IntervalOfMedian(values, seed),
          static_cast<int64_t>(values.size())};
}

Summary SummariseRatios(const std::vector<double>& numerators, const std::vector<double>& denominators, uint64_t seed) {
  CHECK_EQ(numerators.size(), denominators.size());
  std::vector<double> ratios;
  ratios.reserve(numerators.size());
  for (size_t i = 0; i < numerators.size(); ++i) ratios.push_back(numerators[i] / denominators[i]);
  return Summarise(ratios, seed);
}

}  // namespace sid
