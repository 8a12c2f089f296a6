#include "bench/environment/gpu_monitor.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>

namespace sid {
namespace {

// nvml.h is in none of the wheels; these are its stable names and values.
using NvmlDevice = void*;
constexpr int kSuccess = 0, kInsufficientSize = 7;
constexpr int kMultiprocessorClock = 1;  // NVML_CLOCK_SM

// A function of the library; where it has none of that name, one that fails.
template <typename... Arguments>
std::function<int(Arguments...)> Symbol(void* library, const char* name) {
  auto* const found = reinterpret_cast<int (*)(Arguments...)>(dlsym(library, name));
  return found != nullptr ? found : [](Arguments...) { return -1; };
}

// Null where the library does not reach it.
NvmlDevice Connect(void* library, at::Device device) {
  std::array<char, 32> bus{};
  NvmlDevice found = nullptr;
  const auto find = Symbol<const char*, NvmlDevice*>(library, "nvmlDeviceGetHandleByPciBusId_v2");
  const bool connected =
      Symbol<>(library, "nvmlInit_v2")() == kSuccess &&
      cudaDeviceGetPCIBusId(bus.data(), bus.size(), device.has_index() ? device.index() : 0) == cudaSuccess &&
      find(bus.data(), &found) == kSuccess;
  return connected ? found : nullptr;
}

}  // namespace

std::unique_ptr<GpuMonitor> OpenGpuMonitor(at::Device device) {
  void* const library = device.is_cuda() ? dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL) : nullptr;
  const NvmlDevice gpu = library != nullptr ? Connect(library, device) : nullptr;
  if (gpu == nullptr) return nullptr;
  std::array<char, 96> version{"unknown"};
  Symbol<char*, unsigned>(library, "nvmlSystemGetDriverVersion")(version.data(), version.size());
  const auto clock = Symbol<NvmlDevice, int, unsigned*>(library, "nvmlDeviceGetClockInfo");
  const auto running = Symbol<NvmlDevice, unsigned*, void*>(library, "nvmlDeviceGetComputeRunningProcesses_v3");
  const auto mhz = [=]() -> double {
    unsigned megahertz = 0;
    return clock(gpu, kMultiprocessorClock, &megahertz) == kSuccess ? megahertz : 0;
  };
  const auto processes = [=] {
    unsigned count = 0;
    // With room for none it answers how many there are.
    const int code = running(gpu, &count, nullptr);
    return code == kSuccess || code == kInsufficientSize ? static_cast<int>(count) : 0;
  };
  return std::make_unique<GpuMonitor>(GpuMonitor{version.data(), mhz, processes});
}

}  // namespace sid
