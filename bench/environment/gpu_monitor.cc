#include "bench/environment/gpu_monitor.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>
#include <cstddef>

namespace sid {
namespace {

// nvml.h is in none of the wheels; these are its stable names and values.
using NvmlDevice = void*;
constexpr int kSuccess = 0, kInsufficientSize = 7;
constexpr int kMultiprocessorClock = 1;  // NVML_CLOCK_SM

template <typename Function>
Function* Symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

class NvmlMonitor final : public GpuMonitor {
 public:
  // False when anything of it is missing.
  bool Connect(at::Device device) {
    library_ = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) return false;
    auto* const initialise = Symbol<int()>(library_, "nvmlInit_v2");
    auto* const find = Symbol<int(const char*, NvmlDevice*)>(library_, "nvmlDeviceGetHandleByPciBusId_v2");
    std::array<char, 32> bus{};
    return initialise != nullptr && find != nullptr && initialise() == kSuccess &&
           cudaDeviceGetPCIBusId(bus.data(), bus.size(), device.has_index() ? device.index() : 0) == cudaSuccess &&
           find(bus.data(), &device_) == kSuccess;
  }
  ~NvmlMonitor() override {
    if (library_ != nullptr) dlclose(library_);
  }

  std::string driver() const override {
    std::array<char, 96> version{};
    auto* const get = Symbol<int(char*, unsigned)>(library_, "nvmlSystemGetDriverVersion");
    return get != nullptr && get(version.data(), version.size()) == kSuccess ? version.data() : "unknown";
  }
  std::optional<double> Clock() const override {
    auto* const get = Symbol<int(NvmlDevice, int, unsigned*)>(library_, "nvmlDeviceGetClockInfo");
    unsigned megahertz = 0;
    if (get == nullptr || get(device_, kMultiprocessorClock, &megahertz) != kSuccess) return std::nullopt;
    return megahertz;
  }
  std::optional<int> Processes() const override {
    auto* const get = Symbol<int(NvmlDevice, unsigned*, void*)>(library_, "nvmlDeviceGetComputeRunningProcesses_v3");
    unsigned count = 0;
    // With room for none it answers how many there are.
    const int code = get == nullptr ? -1 : get(device_, &count, nullptr);
    if (code != kSuccess && code != kInsufficientSize) return std::nullopt;
    return static_cast<int>(count);
  }

 private:
  void* library_ = nullptr;
  NvmlDevice device_ = nullptr;
};

}  // namespace

std::unique_ptr<GpuMonitor> GpuMonitor::Open(at::Device device) {
  if (!device.is_cuda()) return nullptr;
  auto monitor = std::make_unique<NvmlMonitor>();
  if (!monitor->Connect(device)) return nullptr;
  return monitor;
}

}  // namespace sid
