#include "bench/harness/competitor.h"

#include <ATen/Parallel.h>
#include <ATen/ops/scalar_tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#include "base/status.h"
#include "bench/timing/cuda_timers.h"

namespace sid {
namespace {

// So small that random labels do not drive the weights to where numbers are slow (subnormal) or not finite.
constexpr double kLearningRate = 1e-5;

}  // namespace

absl::StatusOr<Competitor> Competitor::Make(const Contender& contender, const Problem& problem, at::Device device) {
  Activate(contender, device);  // a pipeline's threads begin with it
  SID_ASSIGN_OR_RETURN(std::unique_ptr<Learner> learner, MakeContender(contender, problem, device));
  Competitor competitor(contender, std::move(learner), MakeBatch(contender, problem, device), device);
  PhaseTimer untimed;
  if (competitor.pipeline_ != nullptr) {
    competitor.Step(static_cast<int64_t>(competitor.learner_->LossDepths().size()) + kWarmRuns,
                    untimed);  // full, and captured
  } else if (contender.captured) {
    competitor.Capture(untimed);
  }
  return competitor;
}

void Competitor::Capture(PhaseTimer& timer) {
  Activate(contender_, device_);
  learning_rate_ =
      at::scalar_tensor(kLearningRate, at::TensorOptions(device_).dtype(at::kFloat));  // as fused Adam reads it
  graph_ = MakeCudaGraph(device_);
  PhaseTimer untimed;
  for (int64_t run = 0; run <= kWarmRuns; ++run) {
    PhaseTimer& marks = run < kWarmRuns ? untimed : timer;
    graph_->Run([&] {
      const ScopedPhase phase(marks, "step");
      learner_->Step(batch_, learning_rate_, marks);
    });
  }
}

void Competitor::TimeReplays() {
  if (pipeline_ != nullptr) return;
  graph_ = nullptr;  // its memory first
  replay_timer_ = MakeCudaEventTimer(device_);
  Capture(*replay_timer_);
}

std::vector<PhaseTime> Competitor::Profile(RecordingTimer& timer) {
  if (replay_timer_ == nullptr) {
    Step(1, timer);
    return timer.Take();
  }
  graph_->Run({});
  return replay_timer_->Read();
}

void Competitor::Step(int64_t steps, PhaseTimer& timer) {
  Activate(contender_, device_);
  Fill();
  for (int64_t step = 0; step < steps; ++step) OneStep(timer);
  Drain();
}

void Competitor::OneStep(PhaseTimer& timer) {
  const ScopedPhase phase(timer, "step");
  if (pipeline_ != nullptr) {
    pipeline_->Begin(batch_, kLearningRate);
  } else {
    learner_->Step(batch_, kLearningRate, timer);
  }
}

void Competitor::Fill() {
  if (pipeline_ == nullptr || !device_.is_cpu()) return;
  size_t begun = 1;
  while (pipeline_->Begin(batch_, kLearningRate).empty()) ++begun;
  // Its workers are as far ahead of each other as they may be after as many again.
  for (size_t k = 0; k < begun; ++k) pipeline_->Begin(batch_, kLearningRate);
}

void Competitor::Drain() {
  if (pipeline_ != nullptr && device_.is_cpu()) pipeline_->Drain();
}

int64_t Competitor::threads() const {
  const bool has_workers = pipeline_ != nullptr && device_.is_cpu();
  return at::get_num_threads() * (has_workers ? static_cast<int64_t>(learner_->LossDepths().size()) : 1);
}

double Competitor::SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock) {
  WaitFor(device_);
  Activate(contender_, device_);
  Fill();
  const double begin = clock();
  for (int64_t step = 0; step < steps; ++step) {
    if (graph_ == nullptr) {
      OneStep(timer);
    } else {
      graph_->Run({});
    }
  }
  WaitFor(device_);
  const double seconds = (clock() - begin) / static_cast<double>(steps);
  Drain();
  return seconds;
}

void WaitFor(at::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

}  // namespace sid
