#pragma once

// A contender made: its learner on its batch, ready to step. All of a run exist at once and step in turns.

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "bench/contenders/contender.h"
#include "bench/timing/phase_timers.h"

namespace sid {

class Competitor {
 public:
  static absl::StatusOr<Competitor> Make(const Contender& contender, const Problem& problem, at::Device device);

  // `steps` steps, marked as phases "step" of `timer`; does not wait for the device.
  void Step(int64_t steps, PhaseTimer& timer);

  // Seconds a step, mean of `steps`, from an idle device to an idle device.
  double SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock);

 private:
  Competitor(std::unique_ptr<Learner> learner, Batch batch, at::Device device)
      : learner_(std::move(learner)), batch_(std::move(batch)), device_(device) {}

  std::unique_ptr<Learner> learner_;
  Batch batch_;
  at::Device device_;
};

// Returns when the device has done all work; at once for a CPU.
void WaitFor(at::Device device);

}  // namespace sid
