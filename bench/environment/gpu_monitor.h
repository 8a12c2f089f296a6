#pragma once

// What the driver says of a GPU besides computing on it, through NVML, the library that comes with the driver (and not with
// CUDA). It is opened when the program runs: where there is none, there is no monitor, and nothing is said.

#include <c10/core/Device.h>

#include <memory>
#include <optional>
#include <string>

namespace sid {

class GpuMonitor {
 public:
  // Null for a CPU, and where NVML or the device cannot be reached.
  static std::unique_ptr<GpuMonitor> Open(at::Device device);
  virtual ~GpuMonitor() = default;

  virtual std::string driver() const = 0;  // its version

  // MHz of the multiprocessors now; none where the device does not tell.
  virtual std::optional<double> Clock() const = 0;

  // Processes that compute on the device. Asked before this one does, it is the number of others.
  virtual std::optional<int> Processes() const = 0;
};

}  // namespace sid
