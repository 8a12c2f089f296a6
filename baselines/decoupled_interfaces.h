#pragma once

// Decoupled neural interfaces (Jaderberg et al. 2017, ICML; Czarnecki et al. 2017): a small network at each boundary between blocks
// predicts the gradient that would come back, so a block is updated as soon as it has run.
//
//   h_b, y --M_b--> d_b [of h_b's shape], per example          block b's weights: their gradient by d l / d h_b := d_b / B
//   target of M_b: B d l / d h_b, as it comes back from block b+1 with block b+1's own synthetic gradient; from the head the true one
//   l_Mb = (d_b - target)^2, mean over h_b's numbers and the batch
//
// M_b = W_2 relu(W_1 h + E y + b_1) + b_2 with as many hidden units as h_b has channels, 3x3 convolutions on maps; it is conditioned on
// the label (the paper's cDNI), and W_2 = 0 at the beginning, so nothing but the head learns before the interfaces do. The paper's are
// larger (two hidden layers of 1,024 units, or of 128 channels). One optimizer for each block, its interface and the head.
//
// What travels: activations forward, one block's gradient back by one boundary. What is stored: the interfaces, kept in checkpoints, and
// here all activations until the end of the step: the blocks' updates are not locked, this code runs them one after the other.
// Capturable.

#include <functional>
#include <memory>
#include <vector>

#include "baselines/peer.h"

namespace sid {

// B d l / d h_b, detached, from h_b, for b from 0 on.
using Synthesiser = std::function<at::Tensor(size_t b, const at::Tensor& h)>;

// Takes the initialised network, of one stage with one head.
std::unique_ptr<Learner> MakeDecoupledInterfacesLearner(Network network, const PeerOptions& options,
                                                        const OptimizerOptions& optimizer);

// What comes back where `synthesise` states each block's gradient: the gradients of each block's leaves and, last, of the top's; and of
// each h_b the target B d l / d h_b.
struct InterfacePass {
  std::vector<std::vector<at::Tensor>> gradients;
  std::vector<at::Tensor> targets;
};
InterfacePass RunBack(const CutPass& pass, const at::Tensor& loss, const Synthesiser& synthesise);

}  // namespace sid
