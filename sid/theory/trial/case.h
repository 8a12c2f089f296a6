#pragma once

// Cases for the theory's trial: a target, weights and a chain of beliefs of any kind, for one sample. They are drawn from a
// seed, some at the edge of what numbers can do, and shrunk where one refutes a property:
//
//   seed, number --DrawCase--> case --property fails--> SimplerCases --the first that fails too--> ... --> Describe
//
// Beliefs are kept as logits, so that whatever shrinking makes of them is a distribution again.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sid/belief/divergence.h"

namespace sid {

struct TheoryCase {
  Divergence divergence = Divergence::kForward;
  double smoothing = 0;  // of the target, above 0 for `reverse`
  int64_t label = 0;
  std::vector<double> alphas;  // a_1 .. a_L
  at::Tensor logits;           // of p_0 .. p_L, double [L+1, C]

  int64_t depth() const { return static_cast<int64_t>(alphas.size()); }
  int64_t classes() const { return logits.size(1); }
  at::Tensor LogTarget() const;   // log y [C]
  at::Tensor LogBeliefs() const;  // log p_0 .. log p_L [L+1, C]
};

// Case `number` of a seed: C from 2 to 1000 and L from 1 to 1024 (the four corners come first), both divergences, targets
// one-hot and smoothed, alphas down to 0.001 and up to 1, and beliefs that are ordinary, tied, all but certain (of the label
// or of another class), with subnormal probabilities, equal to the one before or near it, or the minimiser itself.
TheoryCase DrawCase(uint64_t seed, uint64_t number);

// Cases a step simpler: fewer modules, fewer classes, plainer weights, plainer logits; the most drastic first.
std::vector<TheoryCase> SimplerCases(const TheoryCase& original);

// The simplest case that still fails, found greedily: `fails` is asked a few hundred times at most.
TheoryCase Shrink(TheoryCase failing, const std::function<bool(const TheoryCase&)>& fails);

// In one line, with every number where there are few.
std::string Describe(const TheoryCase& tried);

}  // namespace sid
