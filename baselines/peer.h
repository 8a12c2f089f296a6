#pragma once

// What the peers share: methods that others train networks with instead of backpropagation, on the same networks, with the same
// batches, optimizer, schedule and evaluation. A peer is a Step, and what it stores besides the network.
//
//   x --block 1--> h_1 --block 2--> h_2 --> ... h_n --read-out, head--> log p            the network of `bp`: one stage, one head
//          |              |                                |
//     its own graph   its own graph          the top: read-out and head, a graph too     RunCut: no gradient passes a boundary
//
// docs/peers.md has the table of them, and how another one is added.

#include <cstdint>
#include <string>
#include <vector>

#include "base/machine/precision.h"
#include "sid/learner/learner.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

struct PeerOptions {
  double smoothing = 0;  // of the target, in [0, 1)
  Precision precision = Precision::kFp32;
  // Of what a peer draws besides the network's weights. The same seed draws it again, so no checkpoint holds it.
  uint64_t seed = 1;
};

// All of a learner but its name, its step and, where the network's head does not state it, its belief.
class Peer : public Learner {
 public:
  at::Tensor Predict(const at::Tensor& images) const override;
  std::vector<int64_t> LossDepths() const override { return {network_.depth()}; }
  // Cross-entropy of the last belief.
  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override;
  std::vector<NamedTensor> State() const override;
  Inspection Inspect(const Batch& batch, bool gradients) const override;

 protected:
  // `head`: whether the network's head is trained; else it is no part of the state, and Predict is overridden.
  Peer(Network network, const PeerOptions& options, bool head = true);

  const Stage& stage() const { return network_.stages[0]; }

  // y [B, C], smoothed, of the beliefs' type.
  at::Tensor Target(const at::Tensor& labels) const;
  // Mean over the batch of -sum_c y log p of log p [B, C].
  at::Tensor CrossEntropy(const at::Tensor& labels, const at::Tensor& log_belief) const;

  Network network_;
  bool head_;
  PeerOptions options_;
  at::ScalarType compute_type_;
  std::vector<NamedTensor> added_;     // what State() lists besides the network's tensors
  std::vector<Optimizer> optimizers_;  // and what these remember; no number crosses from one to another
};

// What learns of block `block` of a network of one stage; of its read-out and heads.
std::vector<NamedTensor> BlockParameters(const Network& network, size_t block);
std::vector<NamedTensor> TopParameters(const Network& network);

inline constexpr Pass kLearningPass{.training = true, .write_statistics = true};

// One block in a training pass that, by default, moves its running statistics, on a graph of its own.
struct BlockPass {
  std::vector<at::Tensor> leaves;  // as BlockParameters
  at::Tensor output;               // h, or what another function of the block's makes of `input`
};
BlockPass RunBlock(const Network& network, size_t block, at::ScalarType compute_type, const at::Tensor& input,
                   const Pass& pass = kLearningPass, BlockFunction Block::*function = &Block::forward);
// The same of read-out and head, of one stage with one head.
struct TopPass {
  std::vector<at::Tensor> leaves;   // as TopParameters
  at::Tensor features, log_belief;  // z, log p [B, C]
};
TopPass RunTop(const Network& network, at::ScalarType compute_type, const at::Tensor& h);

// All of them, one after the other.
struct CutPass {
  std::vector<at::Tensor> inputs;  // of each block and of the top; all but the images take a gradient
  std::vector<BlockPass> blocks;
  TopPass top;
};
CutPass RunCut(const Network& network, at::ScalarType compute_type, const at::Tensor& images);

// d l / d leaves where `gradient` is d l / d output.
std::vector<at::Tensor> GradientsFrom(const at::Tensor& output, const std::vector<at::Tensor>& leaves,
                                      const at::Tensor& gradient);

void Append(std::vector<at::Tensor>& all, std::vector<at::Tensor> more);

}  // namespace sid
