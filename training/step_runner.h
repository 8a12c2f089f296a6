#pragma once

// One training step, from its number to the moved weights and its row in the log.
//
//   step number, learning rate --> batch chosen and augmented --> Learner::Step --> losses, norms --> row `step` of the log
//
// On a GPU the step can be captured: whole batches then run as one CUDA graph, all of the above, whose step number and learning rate
// are scalars on the device, so neither a schedule nor a new epoch needs another capture. The first steps run plainly, as its
// warm-up; a last batch that is smaller always does.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "base/machine/cuda_graph.h"
#include "data/batches/batches.h"
#include "sid/learner/learner.h"
#include "training/loss_log.h"
#include "training/pipeline.h"

namespace sid {

class StepRunner {
 public:
  // All outlive it. Without a graph every step is plain; phases are timed in plain steps only. With a pipeline, and then without a
  // graph, it is that which takes the learner's steps.
  StepRunner(const ShuffledBatches& batches, std::unique_ptr<Graph> graph, PhaseTimer& timer, Learner& learner,
             LossLog& log, Pipeline* pipeline = nullptr);

  // Step number `step` of the epoch that `batches` and `log` have started.
  void Run(int64_t step, double learning_rate);
  // Waits for those that the pipeline has under way.
  void Drain();
  // Of the running epoch: how many steps have ended, so that the log has their rows.
  int64_t ended() const { return ended_; }

 private:
  void EndSteps(const std::vector<at::Tensor>& rows);
  void RunPlainly(int64_t step, double learning_rate);
  // Everything the graph holds.
  void RunFromDevice();

  const ShuffledBatches& batches_;
  std::unique_ptr<Graph> graph_;  // may be null
  PhaseTimer& timer_;
  Learner& learner_;
  LossLog& log_;
  Pipeline* pipeline_;
  int64_t ended_ = 0, under_way_ = 0;
  at::Tensor step_number_, learning_rate_;  // scalars on the device
};

}  // namespace sid
