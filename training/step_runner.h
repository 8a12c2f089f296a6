#pragma once

// One training step, from its number to the moved weights.
//
//   step number, learning rate --> batch chosen and augmented --> Learner::Step --> losses
//
// On a GPU the step can be captured: whole batches then run as one CUDA graph, whose step number and learning rate are scalars on
// the device, so neither a schedule nor a new epoch needs another capture. The first steps run plainly, as its warm-up; a last batch
// that is smaller always does.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "base/machine/cuda_graph.h"
#include "data/batches/batches.h"
#include "sid/learner/learner.h"

namespace sid {

class StepRunner {
 public:
  // All three outlive it. With `capture` the batches must be on a GPU; phases are timed in plain steps only.
  StepRunner(const ShuffledBatches& batches, bool capture, PhaseTimer& timer, Learner& learner);

  struct Outcome {
    StepResult result;
    at::Tensor labels;  // int64 [B], of the batch
  };
  // Step number `step` of the epoch that `batches` has started. The outcome is valid until the next step.
  Outcome Run(int64_t step, double learning_rate);

 private:
  Outcome RunPlainly(int64_t step, double learning_rate);
  // Everything the graph holds.
  void RunFromDevice();

  const ShuffledBatches& batches_;
  PhaseTimer& timer_;
  Learner& learner_;
  std::unique_ptr<CudaGraph> graph_;  // null: every step is plain
  int64_t warm_steps_ = 0;
  at::Tensor step_number_, learning_rate_;  // scalars on the device
  Outcome outcome_;
};

}  // namespace sid
