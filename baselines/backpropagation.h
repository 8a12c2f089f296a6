#pragma once

// Backpropagation: other ways to train the same network, behind the same interface and optimizer.
//
//   bp-chain             one loss at the end, the gradient flows back through the softmax beliefs of all modules (the paper's)
//   bp-deep              a loss at each depth, summed, the gradients flow through the beliefs too (deep supervision)
//   bp-head              the extractor with one perceptron as its head: the cascade of depth 1, where p_0 is a constant
//   bp-chain-checkpoint  bp-chain, but modules keep only their beliefs and run again when the gradient comes back: memory
//                        no longer grows by [B, H] a module, for one more forward pass of the cascade
//
// The loss is cross-entropy, with the target smoothed like SID's. As in SID's fast path, the features' half of all
// first layers is one matrix product, and so is its gradient.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/machine/precision.h"
#include "sid/learner/learner.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

enum class Backpropagation { kChain, kDeep, kHead, kChainCheckpoint };

std::vector<std::string> BackpropagationNames();
absl::StatusOr<Backpropagation> ParseBackpropagation(const std::string& name);

// Takes the initialised network, on its device; for kHead of depth 1. `smoothing` of the target in [0, 1). Products are computed
// in `precision`.
std::unique_ptr<Learner> MakeBackpropagationLearner(Backpropagation kind, Network network, double smoothing,
                                                    Precision precision, const OptimizerOptions& optimizer);

}  // namespace sid
