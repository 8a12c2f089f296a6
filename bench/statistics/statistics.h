#pragma once

// What a set of times says, and how surely. Times have a hard floor and a long tail of disturbances, so the middle is the median,
// and the interval lies between two of the sorted samples, which assumes no distribution:
//
//   of n samples as many lie below the true median as n tosses have heads: [x_(k+1), x_(n-k)] with P(heads <= k) <= 2.5 %
//
// Two programs are compared by pairs measured right after one another. What slows both down cancels in each pair's ratio, whose logarithm
// has no floor and two equal tails: the interval is Student's, of the logarithms' mean.

#include <cstdint>
#include <vector>

namespace sid {

struct Interval {
  double low = 0, high = 0;
};

// Of no samples: all NaN.
struct Summary {
  double median = 0;
  // 95 %; of fewer than six times their range, which is less sure: 93.8 % for five; of one ratio NaN.
  Interval interval;
  int64_t samples = 0;
};

// NaN for no values; the mean of the two in the middle for an even number.
double Median(std::vector<double> values);

Summary Summarise(std::vector<double> values);

// Of numerators[i] / denominators[i]: equally many, all above 0.
Summary SummariseRatios(const std::vector<double>& numerators, const std::vector<double>& denominators);

// Student's t with at least one degree of freedom: P(T <= t), t finite or infinite; and the t with P(T <= t) = probability, in (0, 1).
double StudentCdf(double t, int64_t degrees);
double StudentQuantile(double probability, int64_t degrees);

}  // namespace sid
