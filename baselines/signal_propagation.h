#pragma once

// Signal propagation (Kohan, Rietman and Siegelmann 2023, IEEE TNNLS; github.com/amassivek/signalpropagation): labels go forward through
// the same blocks as images, and each block learns to agree with them there. No way back, no error, no head.
//
//   images  x ------block 1--> h_1 --block 2--> h_2 --> ... h_n        l_b = -log softmax_c(<h_b, t_b,c> / positions)[y]
//   classes c --S--> t_1 [C, ..] --block 2--> t_2 --> ... t_n          t_b,c: what class c has become [of h_b's shape]
//
// <h, t> is the sum over all numbers, divided by the number of positions of a map. Block b learns from l_b alone, what comes in being
// detached; the projection S [C -> the shape of h_1], linear with a ReLU, learns with block 1. The authors' code compares a batch's
// images with the batch's own labels; here each is compared with every class, which are the same comparisons, each once. The belief is
// that of the last block: p_c ~ exp <h_n, t_n,c>.
//
// What travels: activations of images and classes, forward. What is stored: one block's activations at a time. Running statistics are
// those of images and classes together. Capturable.

#include <memory>

#include "baselines/peer.h"

namespace sid {

// Takes the initialised network, of one stage; its head is dropped.
std::unique_ptr<Learner> MakeSignalPropagationLearner(Network network, const PeerOptions& options,
                                                      const OptimizerOptions& optimizer);

// <h, t_c> / positions [B, C] of h [B, ..] and t [C, ..]: vectors, tokens or maps.
at::Tensor Agreement(const at::Tensor& h, const at::Tensor& classes);

}  // namespace sid
