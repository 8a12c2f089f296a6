#pragma once

// The batched executors: both phases of a chunk of n neighbouring modules in closed form, without autograd.
//
//   Phase 1   the belief chain, and g = d l / d logits [n,B,C]      sid/cascade/belief_chain.h
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

#include "base/phase_timer.h"
#include "sid/cascade/belief_chain.h"
#include "sid/network/heads.h"

namespace sid {

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
