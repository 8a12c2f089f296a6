#pragma once

// What trains a network. SID is one way, backpropagation another; the trainer, the benchmarks and the experiments know
// only this interface, so all learners get the same batches, schedule, evaluation and timing.
//
//   Batch --Step--> losses, and the weights moved           images --Predict--> log p_1 .. log p_L

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "data/batches/batches.h"
#include "sid/learner/phase_timer.h"
#include "sid/network/network.h"

namespace sid {

struct StepResult {
  // Mean over the batch of each loss this learner minimises, [LossDepths().size()], on the device: reading it
  // synchronises.
  at::Tensor losses;
  // log p_L [B, C] before the update.
  at::Tensor log_belief;
  // z [B, D] before the update, without a graph; may be undefined.
  at::Tensor features;
};

class Learner {
 public:
  virtual ~Learner() = default;

  // As --learner names it.
  virtual std::string name() const = 0;

  // One update of all weights on one batch. `learning_rate` is a scalar, on the CPU or on the weights' device: the step
  // itself reads nothing back from the device, so it can be captured once as a CUDA graph and follow a schedule.
  virtual StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) = 0;
  // The same with a number.
  StepResult Step(const Batch& batch, double learning_rate, PhaseTimer& timer);

  // log p_1 .. log p_L, [L, B, C], of images [B, channels, height, width]; builds no graph, changes nothing.
  virtual at::Tensor Predict(const at::Tensor& images) const = 0;

  // The depths, 1..L, whose beliefs have a loss of their own: all of them for SID, {L} for backpropagation from the
  // last.
  virtual std::vector<int64_t> LossDepths() const = 0;

  // Those losses of beliefs that Predict made, for each example: [LossDepths().size(), B].
  virtual at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const = 0;

  // The weights, sharing memory: to save them, to choose the best, to count them.
  virtual std::vector<Parameter> Parameters() const = 0;

  // What the optimizer remembers between steps (Optimizer::State), sharing memory. With the weights it is all that the next
  // step depends on but its batch: both put back, training goes on as if never broken off.
  virtual std::vector<Parameter> OptimizerState() const = 0;
};

}  // namespace sid
