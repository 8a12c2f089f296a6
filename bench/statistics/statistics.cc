#include "bench/statistics/statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/statistics/univariate_statistics.hpp>
#include <cmath>
#include <limits>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

namespace math = boost::math;

constexpr double kOutside = 0.025;  // on each side
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

// How many of sorted samples lie outside of the interval on each side.
size_t Outside(size_t samples) {
  using RoundedDown = math::policies::policy<math::policies::discrete_quantile<math::policies::integer_round_down>>;
  const math::binomial_distribution<double, RoundedDown> below(static_cast<double>(samples), 0.5);
  return static_cast<size_t>(math::quantile(below, kOutside));
}

}  // namespace

double Median(std::vector<double> values) { return values.empty() ? kNothing : math::statistics::median(values); }

Summary Summarise(std::vector<double> values) {
  if (values.empty()) return {kNothing, {kNothing, kNothing}, 0};
  std::sort(values.begin(), values.end());
  const size_t outside = Outside(values.size());
  return {Median(values), {values[outside], values[values.size() - 1 - outside]}, static_cast<int64_t>(values.size())};
}

Summary SummariseRatios(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  CHECK_EQ(numerators.size(), denominators.size());
  std::vector<double> ratios, logarithms;
  for (size_t i = 0; i < numerators.size(); ++i) {
    ratios.push_back(numerators[i] / denominators[i]);
    logarithms.push_back(std::log(ratios.back()));
  }
  Summary summary = Summarise(ratios);
  summary.interval = {kNothing, kNothing};
  if (ratios.size() < 2) return summary;
  const auto degrees = static_cast<int64_t>(ratios.size()) - 1;
  const double mean = math::statistics::mean(logarithms), variance = math::statistics::sample_variance(logarithms);
  const double error = std::sqrt(variance / static_cast<double>(ratios.size()));
  const double margin = StudentQuantile(1 - kOutside, degrees) * error;
  summary.interval = {std::exp(mean - margin), std::exp(mean + margin)};
  return summary;
}

double StudentCdf(double t, int64_t degrees) { return math::cdf(math::students_t(static_cast<double>(degrees)), t); }

double StudentQuantile(double probability, int64_t degrees) {
  return math::quantile(math::students_t(static_cast<double>(degrees)), probability);
}

}  // namespace sid
