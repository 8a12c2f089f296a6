#pragma once

// The whole cascade as one differentiable function, as backpropagation needs it:
//
//   z [B, D] --> log p_1 .. log p_L, each [B, C], gradients flowing back through every belief to all modules and z
//
// `Chain` keeps each module's hidden activations [B, H] for the way back; `CheckpointedChain` keeps the beliefs [B, C]
// only and runs each module again. Values and gradients are equal.

#include <ATen/core/Tensor.h>

#include <vector>

#include "sid/network/cascade.h"

namespace sid {

std::vector<at::Tensor> Chain(const Cascade& cascade, const at::Tensor& features);
std::vector<at::Tensor> CheckpointedChain(const Cascade& cascade, const at::Tensor& features);

}  // namespace sid
