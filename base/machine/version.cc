#include "base/machine/version.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
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

}  // namespace

nlohmann::json DescribeMachine(at::Device device) {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const MachineLimits limits = ReadMachineLimits();
  return {{"processor", ProcessorField("model name")},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"memory_bytes", std::min(memory, limits.memory_bytes)},
          {"operating_system", OperatingSystem()},
          {"compiler", __VERSION__},
          {"libtorch", TORCH_VERSION},
          {"vector_instructions", at::get_cpu_capability()},
          {"threads", at::get_num_threads()},
          {"device", device.str()}};
}

}  // namespace sid
