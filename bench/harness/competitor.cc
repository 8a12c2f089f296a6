#include "bench/harness/competitor.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#include "base/status.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

absl::StatusOr<Competitor> Competitor::Make(const Contender& contender, const Problem& problem, at::Device device) {
  Activate(contender, device);  // a pipeline's threads begin with it
  SID_ASSIGN_OR_RETURN(std::unique_ptr<Learner> learner, MakeContender(contender, problem, device));
  Competitor competitor(contender, std::move(learner), MakeBatch(contender, problem, device), device);
  SID_ASSIGN_OR_RETURN(competitor.pipeline_, MakePipeline(contender, *competitor.learner_, device));
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
  learning_rate_ = LearningRateOn(device_, kBenchLearningRate);
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
  replay_timer_ = MakeTimer(device_, {});
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
  for (int64_t step = 0; step < steps; ++step) OneStep(timer);
  if (has_workers()) pipeline_->Drain();
}

void Competitor::OneStep(PhaseTimer& timer) {
  const ScopedPhase phase(timer, "step");
  if (pipeline_ != nullptr)
    pipeline_->Begin(batch_, kBenchLearningRate);
  else
    learner_->Step(batch_, kBenchLearningRate, timer);
}

int64_t Competitor::threads() const { return at::get_num_threads() * (has_workers() ? contender_.depth : 1); }

double Competitor::SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock) {
  WaitFor(device_);
  Activate(contender_, device_);
  if (has_workers()) return SteadySeconds(*pipeline_, batch_, steps, clock);
  const double begin = clock();
  for (int64_t step = 0; step < steps; ++step) {
    if (graph_ == nullptr) {
      OneStep(timer);
    } else {
      graph_->Run({});
    }
  }
  WaitFor(device_);
  return (clock() - begin) / static_cast<double>(steps);
}

double SteadySeconds(Pipeline& pipeline, const Batch& batch, int64_t steps, const Clock& clock) {
  const auto from_empty_to_empty = [&](int64_t count) {
    const double begin = clock();
    for (int64_t step = 0; step < count; ++step) pipeline.Begin(batch, kBenchLearningRate);
    pipeline.Drain();
    return clock() - begin;
  };
  const double one = from_empty_to_empty(1);
  return (from_empty_to_empty(steps + 1) - one) / static_cast<double>(steps);
}

void WaitFor(at::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

}  // namespace sid
