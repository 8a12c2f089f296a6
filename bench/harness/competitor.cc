#include "bench/harness/competitor.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

#include "base/status.h"

namespace sid {
namespace {

// So small that random labels do not drive the weights to where numbers are slow (subnormal) or not finite.
constexpr double kLearningRate = 1e-5;

}  // namespace

absl::StatusOr<Competitor> Competitor::Make(const Contender& contender, const Problem& problem, at::Device device) {
  SID_ASSIGN_OR_RETURN(std::unique_ptr<Learner> learner, MakeContender(contender, problem, device));
  return Competitor(std::move(learner), MakeBatch(problem, contender.batch, device), device);
}

void Competitor::Step(int64_t steps, PhaseTimer& timer) {
  for (int64_t step = 0; step < steps; ++step) {
    const ScopedPhase phase(timer, "step");
    learner_->Step(batch_, kLearningRate, timer);
  }
}

double Competitor::SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock) {
  WaitFor(device_);
  const double begin = clock();
  Step(steps, timer);
  WaitFor(device_);
  return (clock() - begin) / static_cast<double>(steps);
}

void WaitFor(at::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

}  // namespace sid
