#include "bench/harness/competitor.h"

#include <ATen/ops/scalar_tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#include "base/status.h"

namespace sid {
namespace {

// So small that random labels do not drive the weights to where numbers are slow (subnormal) or not finite.
constexpr double kLearningRate = 1e-5;
constexpr int kWarmSteps = 3;  // before a capture, as for training

}  // namespace

absl::StatusOr<Competitor> Competitor::Make(const Contender& contender, const Problem& problem, at::Device device) {
  SID_ASSIGN_OR_RETURN(std::unique_ptr<Learner> learner, MakeContender(contender, problem, device));
  Competitor competitor(contender, std::move(learner), MakeBatch(problem, contender.batch, device), device);
  if (contender.captured) competitor.Capture();
  return competitor;
}

void Competitor::Capture() {
  Activate(contender_, device_);
  learning_rate_ =
      at::scalar_tensor(kLearningRate, at::TensorOptions(device_).dtype(at::kFloat));  // as fused Adam reads it
  PhaseTimer untimed;
  const auto step = [&] { learner_->Step(batch_, learning_rate_, untimed); };
  graph_ = std::make_unique<CudaGraph>(device_);
  for (int warm = 0; warm < kWarmSteps; ++warm) graph_->Warm(step);
  graph_->Record(step);
}

void Competitor::Step(int64_t steps, PhaseTimer& timer) {
  Activate(contender_, device_);
  for (int64_t step = 0; step < steps; ++step) {
    const ScopedPhase phase(timer, "step");
    learner_->Step(batch_, kLearningRate, timer);
  }
}

double Competitor::SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock) {
  WaitFor(device_);
  const double begin = clock();
  if (graph_ == nullptr) {
    Step(steps, timer);
  } else {
    for (int64_t step = 0; step < steps; ++step) graph_->Replay();
  }
  WaitFor(device_);
  return (clock() - begin) / static_cast<double>(steps);
}

void WaitFor(at::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

}  // namespace sid
