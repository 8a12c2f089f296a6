#pragma once

// The whole cascade forward and back, each as one kernel (sid/cascade/kernel/), as LibTorch's tensors:
//
//   forward    what RunForward gives (sid/cascade/closed_form.h), for backpropagation through the beliefs           kernel/chain.h
//              and ChainByKernel (sid/cascade/batched.h), with SID's local losses
//   back       g_n --> g_{n-1} .. g_1, and all dh, for backpropagation                                         kernel/chain_back.h
//
// All for tensors on a GPU; modules that SupportsChainKernel (sid/cascade/batched.h) refuses CHECK-fail.

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

// What the kernels read, [n, ...]: `tensor` itself where a thread can read fours of its numbers, 16 bytes at once; else a copy, whose
// dimensions behind the first are filled up with zeros to whole fours.
at::Tensor FilledUp(const at::Tensor& tensor);

}  // namespace sid
