#pragma once

// What a set of measurements says, and how surely. Times have a hard floor and a long tail of disturbances, so the middle is
// the median, the spread the median absolute deviation, and the interval a bootstrap's, which assumes no distribution:
//
//   draw n of the n samples with replacement, take the median; do so 2000 times; 95 % of the medians lie in the interval
//
// Two programs are compared by pairs measured right after one another: what slows both down cancels in each pair's ratio,
// and the interval is the ratios' own.

#include <cstdint>
#include <vector>

namespace sid {

struct Interval {
  double low = 0, high = 0;
};

// Of no samples: all NaN.
struct Summary {
  double median = 0;
  double deviation = 0;  // the median distance from the median
  Interval interval;     // of the median, 95 %; with fewer than five samples simply their range, which says less
  int64_t samples = 0;
};

// NaN for no values; the mean of the two in the middle for an even number.
double Median(std::vector<double> values);
double MedianAbsoluteDeviation(const std::vector<double>& values);

// The seed makes the interval the same every time.
Summary Summarise(const std::vector<double>& values, uint64_t seed);

// Of numerators[i] / denominators[i]: equally many, the denominators not 0.
Summary SummariseRatios(const std::vector<double>& numerators, const std::vector<double>& denominators, uint64_t seed);

}  // namespace sid
