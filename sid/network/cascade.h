#pragma once

// The cascade: L modules, each a two-layer perceptron that refines the belief before it.
//
//   logits_i = W2_i relu(W1_i [p_{i-1}; z] + b1_i) + b2_i          i = 1..L (index i-1 below)
//
//   p_0 --> f_1 --p_1--> f_2 --p_2--> ... f_L --p_L-->             z [B, D] goes to every module
//
// The modules' weights are stored stacked, one tensor over all L, and W1_i in its two halves: what multiplies the
// belief and what multiplies the features. So the features' half of all modules is one matrix product, and the
// optimizer sees five tensors for any L. A module's own weights are views into them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sid {

// Module i's weights.
struct Module {
  at::Tensor belief_weight;   // [H, C]  W1_i, the columns of p
  at::Tensor feature_weight;  // [H, D]  W1_i, the columns of z
  at::Tensor hidden_bias;     // [H]     b1_i
  at::Tensor output_weight;   // [C, H]  W2_i
  at::Tensor output_bias;     // [C]     b2_i

  // W1_i [p_{i-1}; z] + b1_i [B, H] from log p_{i-1} [B, C] and z [B, D].
  at::Tensor FirstLayer(const at::Tensor& log_belief, const at::Tensor& features) const;
  // logits_i [B, C].
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

  int64_t depth() const { return belief_weight.size(0); }
  int64_t classes() const { return output_bias.size(1); }
  Module at(int64_t index) const;
  // Modules [begin, end) as a cascade of views.
  Cascade Slice(int64_t begin, int64_t end) const;
};

// Weights not yet initialised.
Cascade EmptyCascade(int64_t depth, int64_t hidden, int64_t features, int64_t classes);

}  // namespace sid
