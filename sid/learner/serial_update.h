#pragma once

// The serial executor: SID's two phases as literally as the paper states them, with LibTorch's autograd, one head after the
// other. It is slow on purpose: every faster executor is tested for equality with it. It computes heads of every kind.
//
//   Phase 1, teachers       z -> p_1 .. p_n without gradients; keep q_i = sg(p_{i-1})
//   Phase 2, local updates  for each head i, from q_i and z alone:
//                             l_i = a_i D(y, p_i) + (1 - a_i) D(q_i, p_i), mean over the batch
//                             d l_i / d theta_i, and d l_i / d z
//
// No gradient passes from one head to another: each is differentiated with a graph of its own that begins at q_i and z.

#include <ATen/core/Tensor.h>

#include <vector>

#include "base/phase_timer.h"
#include "sid/cascade/batched.h"
#include "sid/learner/options.h"

namespace sid {

// As BatchedUpdate (sid/cascade/batched.h): writes the gradients of the heads' weights into `gradients`, and d l_i / d z of each head into
// `features_gradients` [n, B, ...] where it is defined. `alphas` are the n heads' own; `first_module` is the first head's, from 0.
ChunkResult SerialUpdate(const Cascade& heads, int64_t first_module, Divergence divergence,
                         const std::vector<double>& alphas, const StepInputs& inputs, const at::Tensor& log_q,
                         PhaseTimer& timer, const Cascade& gradients, const at::Tensor& features_gradients);

}  // namespace sid
