#include "base/machine/version.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <cuda_runtime_api.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/machine/limits.h"

namespace sid {
namespace {

std::string OperatingSystem() {
  utsname name{};
  return uname(&name) == 0 ? absl::StrCat(name.sysname, " ", name.release, " ", name.machine) : "unknown";
}

nlohmann::json DescribeGpu(at::Device device) {
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, device.has_index() ? device.index() : 0) != cudaSuccess)
    return {{"name", "unknown GPU"}};
  return {{"name", properties.name},
          {"memory_bytes", properties.totalGlobalMem},
          {"multiprocessors", properties.multiProcessorCount},
          {"compute_capability", absl::StrCat(properties.major, ".", properties.minor)}};
}

}  // namespace

nlohmann::json DescribeMachine(at::Device device) {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const MachineLimits limits = ReadMachineLimits();
  nlohmann::json machine = {{"processor", ProcessorField("model name")},
                            {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
                            {"memory_bytes", std::min(memory, limits.memory_bytes)},
                            {"operating_system", OperatingSystem()},
                            {"compiler", __VERSION__},
                            {"libtorch", TORCH_VERSION},
                            {"vector_instructions", at::get_cpu_capability()},
                            {"threads", at::get_num_threads()},
                            {"device", device.str()}};
  if (device.is_cuda()) machine["gpu"] = DescribeGpu(device);
  return machine;
}

}  // namespace sid
