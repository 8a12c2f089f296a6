#include "training/step_runner.h"

#include <ATen/ops/zeros.h>

namespace sid {
namespace {

// cuBLAS and cuDNN choose and set up in the first, autograd and the allocator have settled by the third.
constexpr int64_t kWarmSteps = 3;

}  // namespace

StepRunner::StepRunner(const ShuffledBatches& batches, bool capture, PhaseTimer& timer, Learner& learner)
    : batches_(batches), timer_(timer), learner_(learner) {
  if (!capture) return;
  graph_ = std::make_unique<CudaGraph>(batches.device());
  step_number_ = at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kLong));
  learning_rate_ = at::zeros({}, at::TensorOptions(batches.device()).dtype(at::kFloat));
}

StepRunner::Outcome StepRunner::Run(int64_t step, double learning_rate) {
  if (graph_ == nullptr || !batches_.IsWhole(step)) return RunPlainly(step, learning_rate);
  step_number_.fill_(step);
  learning_rate_.fill_(learning_rate);
  if (warm_steps_ < kWarmSteps) {
    graph_->Warm([this] { RunFromDevice(); });
  } else {
    if (warm_steps_ == kWarmSteps) graph_->Record([this] { RunFromDevice(); });
    graph_->Replay();
  }
  // One more step is the recorded one; what comes after needs no counting.
  if (warm_steps_ <= kWarmSteps) ++warm_steps_;
  return outcome_;
}

StepRunner::Outcome StepRunner::RunPlainly(int64_t step, double learning_rate) {
  Batch batch;
  {
    const ScopedPhase phase(timer_, "batch");
    batch = batches_.Get(step);
  }
  return {learner_.Step(batch, learning_rate, timer_), batch.labels};
}

void StepRunner::RunFromDevice() {
  PhaseTimer untimed;
  const Batch batch = batches_.GetWhole(step_number_);
  outcome_ = {learner_.Step(batch, learning_rate_, untimed), batch.labels};
}

}  // namespace sid
