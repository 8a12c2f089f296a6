#pragma once

// Phase timers that measure, for the phases that a learner marks (base/phase_timer.h):
//
//   Begin, End  --> marks on a clock: the CPU's, or events in a GPU's stream     nothing waits, nothing is computed
//   Read        --> one wait for the device, then the seconds of every phase; Take: and begin anew
//
// The one that measures nothing is PhaseTimer itself.

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/phase_timer.h"

namespace sid {

struct PhaseTime {
  std::string phase;
  int64_t module = -1;  // as marked: -1 where the phase is one for all modules
  int level = 0;        // 0 for outermost phases, 1 for those directly inside one, ...
  double seconds = 0;
};

class RecordingTimer : public PhaseTimer {
 public:
  void Begin(std::string_view phase, int64_t module) final;
  void End() final;

  // The phases since the last Take, all ended, in the order in which they began. Marks that were made while a graph was recorded have
  // the seconds of its last replay.
  std::vector<PhaseTime> Read();
  // The same, and begins anew.
  std::vector<PhaseTime> Take();

 protected:
  // Phase number `index` since the last Take begins, or ends; the clock is read last, or first.
  virtual void Start(size_t index) = 0;
  virtual void Stop(size_t index) = 0;
  // For the device, before Seconds, which are those of phase number `index`.
  virtual void Wait() {}
  virtual double Seconds(size_t index) = 0;

 private:
  std::vector<PhaseTime> phases_;
  std::vector<size_t> open_;
};

using Clock = std::function<double()>;  // seconds since any fixed time

// For a CPU, the clock's time. For a GPU device time, as work is launched at one time and done at another: an event in the current stream
// where a phase begins and one where it ends. So a phase lasts from the end of what was launched before it to the end of what was launched in
// it, idle time included where the host is the slower. Take waits once, for the last event. Where a graph is recorded, the events become nodes
// of it, and after each replay Read has the replay's own phases.
std::unique_ptr<RecordingTimer> MakeTimer(at::Device device, Clock clock);

}  // namespace sid
