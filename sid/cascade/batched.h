#pragma once

// The batched executors: both phases of a chunk of n neighbouring modules in closed form, without autograd.
//
//   Phase 1   the belief chain, and g = d l / d logits [n,B,C]      BeliefChain below
//   Phase 2   dW2 = g^T hidden, dh = (g W2) where hidden > 0, dWp = dh^T q         batched over n
//             dWz = dh^T z, dz += dh Wz                  one product each, and dz sums the modules by itself
//
// What the mathematics allows here: teachers and weights do not change between the phases, so phase 1's activations are phase
// 2's, and nothing runs twice; a module's gradients need nothing of a later one, so a chunk can be updated before the next one
// is looked at, and of a cascade of any depth only one chunk's activations and gradients exist at a time.
//
// Cost of a module and step: 10 B C H + 6 B D H flops, 4 B C H + 2 B D H of them in phase 1. `serial` runs the forward pass
// twice: 14 B C H + 8 B D H.

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "base/phase_timer.h"
#include "sid/belief/divergence.h"
#include "sid/network/heads.h"

namespace sid {

// The sequential part of the batched executors, and everything that one pass over the beliefs can give: module after module the
// belief, then its local loss and the gradient that phase 2 begins with.
//
//   hidden = z Wz^T + b, then for each module hidden_i += q_i Wp_i^T, relu, logits_i, log p_i     sid/cascade/closed_form.h
//   l_i, g_i = d l_i / d logits_i                           the divergence's closed form
//
// In two ways, equal within rounding: LibTorch's operations, five launches a module, on any device; or one kernel for all
// modules (sid/cascade/kernel/chain.h), on a GPU.

// What all modules of a step share.
struct StepInputs {
  at::Tensor features;  // z [B, D], no graph needed
  at::Tensor log_y;     // [B, C]
};

// What a chunk of n modules computed. Products' factors (hidden, teachers, g) are of the modules' type, the rest of BeliefType.
struct ChainResult {
  at::Tensor hidden;           // [B, n, H], after the ReLU
  at::Tensor teachers;         // q_1 .. q_n [n, B, C], as probabilities
  at::Tensor losses;           // l_i of each example [n, B]
  at::Tensor logits_gradient;  // g [n, B, C], of the batch's mean
  at::Tensor log_belief;       // log p of the last module [B, C]: the next chunk's teacher
};

// `log_q` [B, C] is the teacher of the first module, `alphas` [n] the modules' own.
using BeliefChain = ChainResult (*)(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                                    const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer);

ChainResult ChainByOperations(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                              const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer);

// Tensors on a GPU. A size that SupportsChainKernel refuses CHECK-fails.
ChainResult ChainByKernel(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                          const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer);

// That the modules lie on a GPU whose blocks have room for their hidden units and classes in `type`, and are of the kind that the
// kernel computes; else what is missing.
absl::Status SupportsChainKernel(const Cascade& modules, at::ScalarType type);

// That the program's file holds the kernel for a GPU of this compute capability: it is built for 8.0 on (third_party/cuda).
absl::Status HasChainKernel(int major, int minor);

struct ChunkResult {
  at::Tensor losses;      // l_i, mean over the batch, [n]
  at::Tensor log_belief;  // log p of the last module [B, C]: the next chunk's teacher
};

// Writes the gradients of `modules`' weights into `gradients`, and theirs by z into `features_gradient`, as WeightGradients does
// (sid/cascade/closed_form.h). `log_q` [B, C] is the teacher of the first module, `alphas` [n] the modules' own.
ChunkResult BatchedUpdate(BeliefChain run_chain, const Cascade& modules, Divergence divergence,
                          const at::Tensor& alphas, const StepInputs& inputs, const at::Tensor& log_q,
                          PhaseTimer& timer, const Cascade& gradients, at::Tensor& features_gradient);

}  // namespace sid
