#pragma once

// What trains a network. SID is one way, backpropagation another; the trainer, the benchmarks and the experiments know
// only this interface, so all learners get the same batches, schedule, evaluation and timing.
//
//   Batch --Step--> losses, and the weights moved           images --Predict--> log p_0 .. log p_L

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/phase_timer.h"
#include "base/tensors.h"
#include "data/batches/batches.h"

namespace sid {

struct StepResult {
  // Mean over the batch of each loss this learner minimises, [LossDepths().size()], on the device: reading it
  // synchronises.
  at::Tensor losses;
  // log p_L [B, C] before the update.
  at::Tensor log_belief;
  // What the last heads see, before the update, without a graph; may be undefined.
  at::Tensor features;
};

// What the theory's probe sees of a learner. L modules; entries that a learner does not have are undefined.
struct Inspection {
  at::Tensor log_beliefs;  // log p_0 .. log p_L [L+1, B, C] of a training pass that writes no statistics
  at::Tensor weight_norm;  // |theta_i| [L], of the heads and of blocks that one module owns
  // With local losses:
  at::Tensor gradient_norm;       // |d l_i / d theta_i| [L], over the same weights
  at::Tensor active;              // fraction of head i's hidden units that any sample of the batch activates [L]
  at::Tensor features_gradients;  // d l_i / d z [L, B, ...], where all modules share z
};

// 1 .. L: every belief has a loss of its own.
std::vector<int64_t> AllDepths(int64_t depth);

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

  // log p_0 .. log p_L, [L+1, B, C], of images [B, channels, height, width]; builds no graph, changes nothing.
  virtual at::Tensor Predict(const at::Tensor& images) const = 0;

  // The depths, 1..L, whose beliefs have a loss of their own: all of them for SID, {L} for backpropagation from the
  // last.
  virtual std::vector<int64_t> LossDepths() const = 0;

  // Those losses of beliefs that Predict made, for each example: [LossDepths().size(), B].
  virtual at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const = 0;

  // All that the next step depends on but its batch, sharing memory, each name unique: weights, running statistics and what the
  // optimizer remembers between steps (its moments). Put back, training goes on as if never broken off.
  virtual std::vector<NamedTensor> State() const = 0;

  // What the probe may see on a batch; changes nothing. `gradients`: with what needs a way back.
  virtual Inspection Inspect(const Batch& batch, bool gradients) const = 0;
};

// Weights and running statistics: what is saved as the model, chosen as the best and counted.
inline std::vector<NamedTensor> Weights(const Learner& learner) {
  return Select(learner.State(), [](const NamedTensor& one) { return !one.is_moment(); });
}

}  // namespace sid
