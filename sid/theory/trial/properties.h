#pragma once

// What the theory claims, as properties that any case must have, and a checker that can be handed wrong formulas: a test of
// the tests. What a property compares with is written here in plain loops and long double, apart from the code on trial.
//
//   definition   d, l, e, bound, contraction and entropy are what quantities.h says
//   one step     d_i <= d_{i-1} + e_i / a_i
//   bound        d_i <= d_0 + sum_{j <= i} e_j / a_j                                                      Proposition 4
//   descent      d_i <= d_{i-1} where e_i = 0                                                             Proposition 2
//   minimum      l(p) = l(m) + D(m, p) >= l(m) for every p: nothing is below the closed-form minimiser m
//   contraction  forward: D(y, m) <= (1-a) D(y, q), and 1 - m_y = (1-a) (1 - q_y) for a one-hot target
//                reverse: the log-odds of m against y are those of q, times 1-a; D(y, m) <= D(y, q)
//   convergence  the same over L modules that each reach their minimiser, with the product of the 1 - a_i
//
// For `reverse` the divergence itself need not shrink by 1-a: properties_test.cc shows a case.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sid/theory/quantities.h"
#include "sid/theory/trial/case.h"

namespace sid {

// The code on trial.
struct Formulas {
  std::function<Quantities(Divergence divergence, const std::vector<double>& alphas, const at::Tensor& log_y,
                           const at::Tensor& log_beliefs)>
      measure = Measure;
  std::function<at::Tensor(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q)>
      minimiser = LogMinimiser;
};

struct Property {
  std::string name;
  // What is wrong, with the numbers; nothing where the property holds.
  std::function<std::optional<std::string>(const Formulas& formulas, const TheoryCase& tried)> violation;
};

std::vector<Property> TheoryProperties();

// The first of `count` cases that violates the property, shrunk: what, seed, number, case. Nothing when all have it.
std::optional<std::string> FindViolation(const Property& property, const Formulas& formulas, uint64_t seed,
                                         uint64_t count);

}  // namespace sid
