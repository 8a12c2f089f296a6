#pragma once

// A piece of work of known size, for a micro-benchmark, and what this machine can do at most: bytes a second of a copy, floating
// point operations a second of a matrix product, both measured in the same run. Beside them a rate means something.

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/timing/phase_timers.h"

namespace sid {

struct Work {
  double bytes = 0, flops = 0;  // that it must move and compute; 0 where it is not bound by them, or nobody counted
  double examples = 0;
  std::function<void()> run;
};

struct NamedWork {
  std::string name;
  std::function<Work()> make;  // with its tensors, so that they exist while it runs only
};

struct Bounds {
  double bytes_per_second = 0, flops_per_second = 0;
};

Bounds MeasureBounds(at::Device device);

// Events on a GPU, the steady clock on a CPU.
std::unique_ptr<RecordingTimer> MakeTimer(at::Device device);

// What steps are made of, C = 100, D = 128, H = 256, B = 128: the belief chain, the update of all modules, the optimizer.
std::vector<NamedWork> Primitives(at::Device device);

// Whole steps: "step/..." on images of 3x32x32, "cascade/..." on features. Names end in the depth.
std::vector<NamedWork> Steps(at::Device device);

}  // namespace sid
