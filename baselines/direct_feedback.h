#pragma once

// Direct feedback alignment (Nokland 2016, NeurIPS 29): the error at the output goes to each block at once, through a fixed random
// matrix of the block's own; nothing comes back from block to block.
//
//   e = p - y [B, C]          d l / d h_b := B_b^T e          block b's weights: their gradient by this d l / d h_b
//
// Read-out and head take their true gradient, as the output layer does in the paper. A block is a unit: within a residual or a
// transformer block the gradient goes back as ever. B_b is N(0, 1/D_b) for h_b of D_b numbers; a factor makes no difference to
// Adam. On convolutions the method is known to learn poorly (Bartunov et al. 2018; Refinetti et al. 2021).
//
// What travels: the error [B, C]. What is stored: B_b [C, D_b] for each block, drawn again after a restart. Blocks wait for the error,
// not for each other's way back. Capturable.

#include <memory>
#include <vector>

#include "baselines/peer.h"

namespace sid {

// B_b [C, D_b] of each block, on the network's device.
std::vector<at::Tensor> RandomDirectFeedback(const Network& network, uint64_t seed);

// Takes the initialised network, of one stage with one head.
std::unique_ptr<Learner> MakeDirectFeedbackLearner(Network network, std::vector<at::Tensor> feedback,
                                                   const PeerOptions& options, const OptimizerOptions& optimizer);

}  // namespace sid
