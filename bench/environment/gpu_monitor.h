#pragma once

// What the driver says of a GPU besides computing on it, through NVML, the library that comes with the driver (and not with
// CUDA). It is opened when the program runs: where there is none, there is no monitor, and nothing is said.

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

namespace sid {

struct GpuMonitor {
  std::string driver;           // its version
  std::function<double()> mhz;  // of the multiprocessors' clock now; 0 where the device does not tell
  std::function<int()>
      processes;  // that compute on the device: asked before this one does, others; 0 where it does not tell
};

// Null for a CPU, and where NVML or the device cannot be reached.
std::unique_ptr<GpuMonitor> OpenGpuMonitor(at::Device device);

}  // namespace sid
