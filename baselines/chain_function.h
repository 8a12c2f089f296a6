#pragma once

// What the cascade's autograd functions (baselines/chain.h) share: autograd sees tensors as arguments one by one, and what a function
// keeps for its way back as one list.

#include <torch/csrc/autograd/variable.h>

#include "sid/network/heads.h"

namespace sid {

// A cascade of the first five tensors, in VisitCascade's order, and an argument of autograd's function.
inline Cascade CascadeOf(const torch::autograd::variable_list& weights, int64_t belief_update) {
  return {weights[0], weights[1], weights[2], weights[3], weights[4], static_cast<BeliefUpdate>(belief_update)};
}

// Function::apply of z [B, D], the cascade's weights and its belief update.
template <typename Function>
auto ApplyTo(const Cascade& cascade, const at::Tensor& features) {
  return Function::apply(features, cascade.belief_weight, cascade.feature_weight, cascade.hidden_bias,
                         cascade.output_weight, cascade.output_bias, static_cast<int64_t>(cascade.belief_update));
}

}  // namespace sid
