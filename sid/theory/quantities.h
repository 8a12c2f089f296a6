#pragma once

// What the theory says about one forward pass, in numbers, for every sample b and every module i:
//
//   log p_0 .. log p_L [L+1, B, C] --+
//   target log y       [B, C]      --+--> d_i   = D(y, p_i)                       how far from the target
//   weights a_1 .. a_L             --+    l_i   = a_i d_i + (1 - a_i) D(p_{i-1}, p_i)        the local loss
//                                         e_i   = max(0, l_i - a_i d_{i-1})       failure to improve on passing the input on
//                                         bound = d_0 + sum_{j <= i} e_j / a_j    Proposition 4:  d_i <= bound_i
//
// Why the bound holds for any beliefs whatever: D >= 0, so a_i d_i <= l_i <= a_i d_{i-1} + e_i, which is
// d_i <= d_{i-1} + e_i / a_i; and where e_i = 0 this is d_i <= d_{i-1} (Proposition 2). No assumption about training is
// needed, and none about training is proved: whether e_i is small is what a measurement must say.
//
// The theory speaks of distributions, and a float softmax sums to one within 1e-7 only: an inequality between small numbers
// would fail by that. So beliefs are normalised again in double, and everything here is double.

#include <ATen/core/Tensor.h>

#include <vector>

#include "sid/belief/divergence.h"

namespace sid {

// Numbers in double on the host, [n].
std::vector<double> ToVector(const at::Tensor& values);

struct Quantities {
  at::Tensor divergence;   // d_0 .. d_L, nats [L+1, B]
  at::Tensor loss;         // l_1 .. l_L, nats [L, B]
  at::Tensor failure;      // e_1 .. e_L, nats [L, B]
  at::Tensor bound;        // d_0 + sum_{j <= i} e_j / a_j, for i = 1 .. L [L, B]
  at::Tensor contraction;  // d_i / d_{i-1} [L, B]; 1 where both are 0
  at::Tensor entropy;      // H(p_0) .. H(p_L), nats [L+1, B]
};

// From logarithms of beliefs, [L+1, B, C], as Predict makes them with the uniform belief before them, and of the target,
// [B, C]; `alphas` are a_1 .. a_L. Nothing is changed and no graph is built. `reverse` needs a smoothed target.
Quantities Measure(Divergence divergence, const std::vector<double>& alphas, const at::Tensor& log_y,
                   const at::Tensor& log_beliefs);

// The same by depth, averaged over the samples. Entry i-1 is module i; divergence and entropy begin with p_0.
struct QuantitySummary {
  std::vector<double> divergence;   // mean d_0 .. d_L
  std::vector<double> loss;         // mean l_i
  std::vector<double> failure;      // mean e_i
  std::vector<double> bound;        // mean of the bound
  std::vector<double> contraction;  // median of d_i / d_{i-1}: a mean would follow the few samples with d_{i-1} near 0
  std::vector<double> entropy;      // mean H(p_0) .. H(p_L)
  std::vector<double> fell;         // fraction of samples with d_i < d_{i-1}
  double fell_everywhere = 0;       // fraction of samples whose d_i fell at every module
  // Largest d_i - bound_i over samples and modules: what exceeds rounding refutes the bound, or this code.
  double largest_excess = 0;
};

QuantitySummary Summarise(const Quantities& quantities);

// d_0 .. d_L, [L+1], of a cascade whose every module reaches the minimiser of its loss, from the uniform belief and the
// target smoothed by `smoothing`: what these alphas allow at best, however good the features.
std::vector<double> AttainableDivergence(Divergence divergence, const std::vector<double>& alphas, int64_t classes,
                                         double smoothing);

}  // namespace sid
