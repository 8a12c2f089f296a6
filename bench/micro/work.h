#pragma once

// A piece of work of known size, for a micro-benchmark, and what this machine can do at most: bytes a second of a copy, floating
// point operations a second of a matrix product and of a convolution, measured in the same run. Beside them a time means something.

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/machine/precision.h"
#include "bench/timing/phase_timers.h"

namespace sid {

struct Work {
  // That it must move, and compute in products and in convolutions; 0 where nothing is, or nobody counted.
  double bytes = 0, flops = 0, convolution_flops = 0;
  Precision precision = Precision::kFp32;
  double examples = 0;
  std::function<void()> run;
};

struct NamedWork {
  std::string name;
  std::function<Work()> make;  // with its tensors, so that they exist while it runs only
};

struct Rates {
  double flops_per_second = 0, convolution_flops_per_second = 0;
};

struct Bounds {
  double bytes_per_second = 0;
  Rates fp32, bf16;

  // The least seconds that the work takes at these rates: bytes move while others are computed with.
  double Seconds(const Work& work) const;
};

Bounds MeasureBounds(at::Device device);

// Events on a GPU, the steady clock on a CPU.
std::unique_ptr<RecordingTimer> MakeTimer(at::Device device);

// B and D of all of them.
inline constexpr int64_t kBatch = 128, kFeatures = 128;

// What steps are made of, C = 100, H = 256: the belief chain, the update of all modules, the optimizer.
std::vector<NamedWork> Primitives(at::Device device);

// Whole steps: "step/..." on images of 3x32x32, "cascade/..." on features. The number in a name is the depth.
std::vector<NamedWork> Steps(at::Device device);

}  // namespace sid
