#pragma once

// A run of neighbouring blocks of bp's network (baselines/backpropagation.h), as far as one rank computes it: forward with a graph, and back.
// The last run has the read-out, the head and the loss.
//
//   h --Forward--> h', of the last run the loss --Back--> the gradients of its weights, and by h
//
// Weights and moments are the learner's.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/tensors.h"
#include "baselines/backpropagation.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

class BlockRun {
 public:
  struct Pass {
    std::vector<at::Tensor> leaves;  // of the weights
    at::Tensor input;                // a leaf, but images
    at::Tensor
        output;  // h'; of the last run the loss, summed over its examples and divided by those of the whole batch
    at::Tensor features, log_belief;   // of the last run, without a graph
    std::shared_ptr<const Stage> run;  // that recomputing goes back to
  };

  // Blocks [begin, end).
  BlockRun(const BackpropagationLearner& learner, size_t begin, size_t end);

  // `labels` of the last run alone. `examples`: of the whole batch, all of whose passes together have the gradient of its mean loss.
  // Moves the running statistics.
  Pass Forward(const at::Tensor& input, const at::Tensor& labels, int64_t examples) const;

  // `gradient` by the output; undefined: of the loss. The weights', and behind them the input's, where it is a leaf.
  std::vector<at::Tensor> Back(const Pass& pass, const at::Tensor& gradient = {}) const;

  bool is_first() const { return begin_ == 0; }
  bool is_last() const { return network_.stages[0].heads.output_bias.defined(); }
  std::vector<at::Tensor> Weights() const { return Tensors(Learning(AllTensors(network_))); }
  Optimizer& optimizer() { return optimizer_; }
  std::vector<NamedTensor> State() const;

 private:
  size_t begin_;
  BackpropagationOptions options_;
  Network network_;  // the run alone
  Optimizer optimizer_;
};

// As many runs as there are ranks, as equal in flops as can be.
std::vector<BlockRun> MakeRuns(const BackpropagationLearner& learner, int64_t count);

}  // namespace sid
