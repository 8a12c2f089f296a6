#pragma once

// A discrete-event simulation of tasks on resources, which knows nothing of SID: what the closed form of model.h is held against.

#include <cstdint>
#include <vector>

namespace sid {

struct Task {
  int64_t resource = 0;        // does one task at a time, in the order in which they become ready
  double seconds = 0;          // that it keeps the resource
  std::vector<int64_t> after;  // tasks, by index, that must have been seen to end
  double latency = 0;          // from its end until others see it
};

// When the last task ends.
double Simulate(const std::vector<Task>& tasks);

}  // namespace sid
