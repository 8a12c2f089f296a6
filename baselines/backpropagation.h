#pragma once

// Backpropagation: other ways to train the same network, behind the same interface and optimizer. One graph over all blocks and
// heads; its stages are no boundaries for gradients.
//
//   bp                   one head, which sees no belief, and one loss: what everybody does
//   bp-chain             one loss at the last belief, the gradient flows back through the softmax beliefs of all heads (the paper's)
//   bp-deep              a loss at each head, the gradients flow through the beliefs too (deep supervision, Lee et al. 2015)
//   bp-head              the paper's extractor with one of its heads: the cascade of depth 1, where p_0 is a constant
//   bp-chain-checkpoint  bp-chain, but heads keep only their beliefs and run again when the gradient comes back: memory
//                        no longer grows by [B, H] a module, for one more forward pass of the cascade
//
// The loss is cross-entropy, with the target smoothed like SID's. As in SID's fast path, the features' part of all heads' first
// layers is one matrix product, and so is its gradient.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/machine/precision.h"
#include "sid/learner/learner.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

enum class Backpropagation { kBp, kChain, kDeep, kHead, kChainCheckpoint };

std::vector<std::string> BackpropagationNames();
absl::StatusOr<Backpropagation> ParseBackpropagation(const std::string& name);

struct BackpropagationOptions {
  double smoothing = 0;     // of the target, in [0, 1)
  double inner_weight = 1;  // bp-deep: of every loss but the last
  bool recompute = false;   // activation checkpointing at the boundaries of blocks (baselines/recompute.h)
  Precision precision = Precision::kFp32;
};

// That the network gives every weight a gradient: one module for kBp and kHead; heads that see the belief for kChain.
absl::Status Validate(Backpropagation kind, const Network& network);

class BackpropagationLearner : public Learner {
 public:
  // For who takes a step apart, over several processes (pipeline/): all share the learner's memory.
  virtual const Network& network() const = 0;
  virtual const Optimizer& optimizer() const = 0;
  virtual const BackpropagationOptions& options() const = 0;
};

// -sum_c y log p of beliefs [..., B, C], with the smoothed target: [..., B].
at::Tensor CrossEntropy(const at::Tensor& labels, const at::Tensor& log_beliefs, double smoothing);

// Takes the initialised network, on its device.
std::unique_ptr<BackpropagationLearner> MakeBackpropagationLearner(Backpropagation kind, Network network,
                                                                   const BackpropagationOptions& options,
                                                                   const OptimizerOptions& optimizer);

}  // namespace sid
