#pragma once

// Timers for a GPU, where work is launched at one time and done at another.

#include <c10/core/Device.h>

#include <memory>

#include "bench/timing/phase_timers.h"

namespace sid {

// Device time: an event in the current stream where a phase begins and one where it ends. So a phase lasts from the end of
// what was launched before it to the end of what was launched in it, idle time included where the host is the slower.
// Take waits once, for the last event. Events are kept and used again. Where a graph is recorded, the events become nodes of it, and
// after each replay Read has the replay's own phases.
std::unique_ptr<RecordingTimer> MakeCudaEventTimer(at::Device device);

}  // namespace sid
