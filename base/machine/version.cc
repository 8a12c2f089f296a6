#include "base/machine/version.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/machine/commit.h"

namespace sid {
namespace {

// The value of the first line of /proc/cpuinfo that begins with `key`.
std::string ProcessorField(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

std::string OperatingSystem() {
  utsname name{};
  return uname(&name) == 0 ? absl::StrCat(name.sysname, " ", name.release, " ", name.machine) : "unknown";
}

}  // namespace

std::string Commit() { return SID_COMMIT; }

nlohmann::json DescribeMachine(at::Device device) {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return {{"processor", ProcessorField("model name")},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"memory_bytes", memory},
          {"operating_system", OperatingSystem()},
          {"compiler", __VERSION__},
          {"libtorch", TORCH_VERSION},
          {"vector_instructions", at::get_cpu_capability()},
          {"threads", at::get_num_threads()},
          {"device", device.str()}};
}

}  // namespace sid
