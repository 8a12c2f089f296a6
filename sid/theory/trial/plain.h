#pragma once

// The theory's formulas once more, as one would write them on paper: plain loops over long double. The trial compares with
// these, so they share nothing with the code on trial.

#include <ATen/core/Tensor.h>

#include <vector>

#include "sid/belief/divergence.h"

namespace sid {

using Number = long double;
using Plain = std::vector<double>;  // logarithms of one belief's probabilities, -infinity for 0

Plain ToPlain(const at::Tensor& row);               // [n], double
std::vector<Plain> Rows(const at::Tensor& matrix);  // [m, n], double

// D(t, p) in nats.
Number PlainDivergence(Divergence divergence, const Plain& log_t, const Plain& log_p);
Number PlainEntropy(const Plain& log_p);
// log of the sum of all probabilities, and of all but one.
Number LogSum(const Plain& log_p);
Number LogSumBut(const Plain& log_p, int64_t left_out);

}  // namespace sid
