#pragma once

// The cascade: L modules, each a two-layer perceptron that refines the belief before it.
//
//   f_i = W2_i relu(W1_i [p_{i-1}; z] + b1_i) + b2_i          i = 1..L (index i-1 below)
//
//   replace   logits_i = f_i                  the paper's: a module states the belief anew
//   residual  logits_i = log p_{i-1} + f_i    it states what to change: with f_i = 0 it passes its input on
//
//   p_0 --> f_1 --p_1--> f_2 --p_2--> ... f_L --p_L-->             z [B, D] goes to every module
//
// The modules' weights are stored stacked, one tensor over all L, and W1_i in its two halves: what multiplies the
// belief and what multiplies the features. So the features' half of all modules is one matrix product, and the
// optimizer sees five tensors for any L. A module's own weights are views into them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

// How a module's output becomes its logits.
enum class BeliefUpdate { kReplace, kResidual };

std::vector<std::string> BeliefUpdateNames();
absl::StatusOr<BeliefUpdate> ParseBeliefUpdate(const std::string& name);

// logits_i [B, C] from f_i [B, C] and log p_{i-1} [B, C].
at::Tensor Logits(BeliefUpdate update, const at::Tensor& output, const at::Tensor& log_belief);

// Module i's weights.
struct Module {
  at::Tensor belief_weight;   // [H, C]  W1_i, the columns of p
  at::Tensor feature_weight;  // [H, D]  W1_i, the columns of z
  at::Tensor hidden_bias;     // [H]     b1_i
  at::Tensor output_weight;   // [C, H]  W2_i
  at::Tensor output_bias;     // [C]     b2_i
  BeliefUpdate belief_update = BeliefUpdate::kReplace;

  // W1_i [p_{i-1}; z] + b1_i [B, H] from log p_{i-1} [B, C] and z [B, D].
  at::Tensor FirstLayer(const at::Tensor& log_belief, const at::Tensor& features) const;
  // f_i [B, C] and logits_i [B, C].
  at::Tensor Output(const at::Tensor& log_belief, const at::Tensor& features) const;
  at::Tensor Forward(const at::Tensor& log_belief, const at::Tensor& features) const;

  // The five, in the order above.
  std::vector<at::Tensor> Weights() const;
  // The same weights, sharing memory, as leaves of an autograd graph yet to be built.
  Module Leaves() const;
};

struct Cascade {
  at::Tensor belief_weight;   // [L, H, C]
  at::Tensor feature_weight;  // [L, H, D]
  at::Tensor hidden_bias;     // [L, H]
  at::Tensor output_weight;   // [L, C, H]
  at::Tensor output_bias;     // [L, C]
  BeliefUpdate belief_update = BeliefUpdate::kReplace;

  int64_t depth() const { return belief_weight.size(0); }
  int64_t classes() const { return output_bias.size(1); }
  Module at(int64_t index) const;
  // Modules [begin, end) as a cascade of views.
  Cascade Slice(int64_t begin, int64_t end) const;
};

// Weights not yet initialised.
Cascade EmptyCascade(int64_t depth, int64_t hidden, int64_t features, int64_t classes);

}  // namespace sid
