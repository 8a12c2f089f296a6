#pragma once

// The whole cascade forward and back, each as one kernel, for backpropagation through the beliefs:
//
//   forward    what RunForward gives (sid/cascade/closed_form.h)             sid/cascade/kernel/chain.h
//   back       g_n --> g_{n-1} .. g_1, and all dh                            sid/cascade/kernel/chain_back.h
//
// Both for tensors on a GPU; modules that SupportsChainKernel (sid/cascade/batched.h) refuses CHECK-fail.

#include <ATen/core/Tensor.h>

#include "sid/cascade/closed_form.h"
#include "sid/network/heads.h"

namespace sid {

CascadeForward ForwardByKernel(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q);

// Writes g [n, B, C] and dh [n, B, H] of `modules` into `backward`, whose `hidden` it reads. `log_beliefs` [n, B, C] are the modules'
// inputs, and `belief_gradients` [n, B, C], or undefined, what flows into these besides: from losses of their own. `gradient` [B, C], of
// the beliefs' type, is g of the last module; it becomes that of the one before the first.
void BackByKernel(const Cascade& modules, const at::Tensor& log_beliefs, const at::Tensor& belief_gradients,
                  const CascadeBackward& backward, const at::Tensor& gradient);

}  // namespace sid
