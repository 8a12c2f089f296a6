#pragma once

// Student's t distribution with a whole number of degrees of freedom, for which it has a finite series
// (Abramowitz and Stegun, 26.7.3 and 26.7.4).

#include <cstdint>

namespace sid {

// P(T <= t); `degrees` >= 1, t finite or infinite.
double StudentCdf(double t, int64_t degrees);

// The t with P(T <= t) = probability, in (0, 1).
double StudentQuantile(double probability, int64_t degrees);

}  // namespace sid
