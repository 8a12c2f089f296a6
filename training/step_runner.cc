#include "training/step_runner.h"

#include <ATen/ops/zeros.h>

#include <utility>

namespace sid {

StepRunner::StepRunner(const ShuffledBatches& batches, std::unique_ptr<Graph> graph, PhaseTimer& timer,
                       Learner& learner, LossLog& log, Pipeline* pipeline)
    : batches_(batches),
      graph_(std::move(graph)),
      timer_(timer),
      learner_(learner),
      log_(log),
      pipeline_(pipeline),
      step_number_(at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kLong))),
      learning_rate_(at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kFloat))) {}

void StepRunner::Run(int64_t step, double learning_rate) {
  if (pipeline_ != nullptr) {
    if (under_way_++ == 0) ended_ = step;
    return EndSteps(pipeline_->Begin(batches_.Get(step), learning_rate));
  }
  ended_ = step + 1;
  step_number_.fill_(step);
  if (graph_ == nullptr || !batches_.IsWhole(step)) return RunPlainly(step, learning_rate);
  learning_rate_.fill_(learning_rate);
  graph_->Run([this] { RunFromDevice(); });
}

void StepRunner::Drain() {
  if (pipeline_ != nullptr) EndSteps(pipeline_->Drain());
}

void StepRunner::EndSteps(const std::vector<at::Tensor>& rows) {
  for (const at::Tensor& row : rows) log_.WriteLate(ended_++, row);
  under_way_ -= static_cast<int64_t>(rows.size());
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
