#pragma once

// The whole cascade as one differentiable function, as backpropagation needs it:
//
//   z [B, D] --> log p_1 .. log p_L, each [B, C], gradients flowing back through every belief to all modules and z
//
// `Chain` keeps each module's hidden activations [B, H] for the way back, which is in closed form: what one module must wait for from
// the next are two products, g W2 and dh Wp, and all others are batched over modules, as SID's are. On a GPU whose blocks have room for
// the shape, forward and back are one kernel each (sid/cascade/chain_by_kernel.h), as SID's chain is; elsewhere LibTorch's operations.
// `CheckpointedChain` keeps the beliefs [B, C] only, and runs each module again, with a graph of its own, by operations everywhere.
// Values and gradients are equal to autograd's.

#include <ATen/core/Tensor.h>

#include <vector>

#include "sid/network/heads.h"

namespace sid {

std::vector<at::Tensor> Chain(const Cascade& cascade, const at::Tensor& features);
std::vector<at::Tensor> CheckpointedChain(const Cascade& cascade, const at::Tensor& features);

}  // namespace sid
