#pragma once

// The serial executor: SID's two phases as literally as the paper states them, with LibTorch's autograd, one module
// after the other. It is slow on purpose: every faster executor is tested for equality with it.
//
//   Phase 1, teachers       x -> z -> p_1 .. p_L without gradients; keep q_i = sg(p_{i-1})
//   Phase 2, local updates  for each module i, from q_i and z alone:
//                             l_i = a_i D(y, p_i) + (1 - a_i) D(q_i, p_i), mean over the batch
//                             d l_i / d theta_i, and d l_i / d z
//                           then the extractor's gradient, once, from the combined d l_i / d z
//
// No gradient passes from one module to another: each is differentiated with a graph of its own that begins at q_i.

#include <ATen/core/Tensor.h>

#include "data/batches/batches.h"
#include "sid/learner/phase_timer.h"
#include "sid/network/network.h"
#include "sid/update/options.h"

namespace sid {

struct UpdateResult {
  at::Tensor losses;      // l_i, mean over the batch, [L]
  at::Tensor log_belief;  // log p_L [B, C]
  at::Tensor features;    // z [B, D]
};

// Writes into `gradients` (of ZerosLike(network)) the gradient of every tensor of `network` that learns, and leaves the weights
// alone.
UpdateResult SerialUpdate(const Network& network, const SidOptions& options, const Batch& batch, PhaseTimer& timer,
                          Network& gradients);

}  // namespace sid
