#include "training/step_runner.h"

#include <ATen/ops/zeros.h>

#include <utility>

namespace sid {

StepRunner::StepRunner(const ShuffledBatches& batches, std::unique_ptr<Graph> graph, PhaseTimer& timer,
                       Learner& learner, LossLog& log)
    : batches_(batches),
      graph_(std::move(graph)),
      timer_(timer),
      learner_(learner),
      log_(log),
      step_number_(at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kLong))),
      learning_rate_(at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kFloat))) {}

void StepRunner::Run(int64_t step, double learning_rate) {
  step_number_.fill_(step);
  if (graph_ == nullptr || !batches_.IsWhole(step)) return RunPlainly(step, learning_rate);
  learning_rate_.fill_(learning_rate);
  graph_->Run([this] { RunFromDevice(); });
}

void StepRunner::RunPlainly(int64_t step, double learning_rate) {
  Batch batch;
  {
    const ScopedPhase phase(timer_, "batch");
    batch = batches_.Get(step);
  }
  log_.Write(step_number_, learner_.Step(batch, learning_rate, timer_), batch.labels);
}

void StepRunner::RunFromDevice() {
  PhaseTimer untimed;
  const Batch batch = batches_.GetWhole(step_number_);
  log_.Write(step_number_, learner_.Step(batch, learning_rate_, untimed), batch.labels);
}

}  // namespace sid
