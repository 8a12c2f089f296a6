#include "bench/environment/environment.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <cuda_runtime_api.h>

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/machine/limits.h"
#include "base/machine/version.h"
#include "base/release/release.h"
#include "bench/environment/compiler_flags.h"

namespace sid {
namespace {

// Others' work, in processes that want to run, from which on a machine counts as used.
constexpr double kBusy = 0.5;
constexpr char kGovernor[] = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";

#ifdef NDEBUG
constexpr bool kDebug = false;
#else
constexpr bool kDebug = true;
#endif

// The file's text without the line's end; "" where it cannot be read.
std::string Line(const std::string& path) { return std::string(absl::StripAsciiWhitespace(ReadKernelFile(path))); }

std::string CudaVersion() {
  int version = 0;
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) return "unknown";
  return absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

// As 91002 for 9.10.2; 0 where LibTorch has no such library.
int64_t CudnnVersion() {
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  return at::hasCUDA() && hooks.compiledWithCuDNN() ? hooks.versionRuntimeCuDNN() : 0;
}

void WarnOfTheProcessor(const std::string& root, std::vector<std::string>& warnings) {
  const std::string governor = Line(root + kGovernor);
  if (!governor.empty() && governor != "performance") {
    warnings.push_back(absl::StrCat("the processor's clock follows the load (governor ", governor,
                                    "): times depend on what ran before; cpupower frequency-set -g performance"));
  }
  const std::string load = Line(root + "/proc/loadavg");
  double running = 0;
  if (absl::SimpleAtod(load.substr(0, load.find(' ')), &running) && running > kBusy) {
    warnings.push_back(absl::StrFormat(
        "this machine is in use: %.1f processes wanted to run in the last minute; end them or wait", running));
  }
}

// The quota is of time: who has used up a period's stands still for the rest of it.
void WarnOfAQuota(const std::string& root, std::vector<std::string>& warnings) {
  const double processors = ReadMachineLimits(root).processors;
  if (std::isinf(processors)) return;
  warnings.push_back(absl::StrFormat(
      "this container may use %.3g processors on average: times are those of a process that is stopped now and then",
      processors));
}

}  // namespace

nlohmann::ordered_json DescribeEnvironment(at::Device device, const GpuMonitor* gpu, const std::string& command) {
  nlohmann::ordered_json json = {{"command", command}, {"commit", Commit()}, {"version", kVersion}};
  json.update(nlohmann::ordered_json(DescribeMachine(device)));
  json["build"] = SID_COMPILATION_MODE;
  json["assertions"] = kDebug;
  json["compiler_flags"] = kCompilerFlags;
  json["cuda"] = CudaVersion();
  json["cudnn"] = CudnnVersion();
  json["onednn"] = at::get_mkldnn_version();
  const std::string governor = Line(kGovernor);
  json["governor"] = governor.empty() ? "none" : governor;
  if (gpu != nullptr) {
    json["gpu"]["driver"] = gpu->driver;
    json["gpu"]["clock_mhz"] = gpu->mhz();
  }
  return json;
}

std::vector<std::string> Warnings(const GpuMonitor* gpu, const std::string& root) {
  std::vector<std::string> warnings;
  if (kDebug) warnings.emplace_back("this is a debug build: its times mean nothing; build with -c opt");
  WarnOfTheProcessor(root, warnings);
  WarnOfAQuota(root, warnings);
  const int others = gpu == nullptr ? 0 : gpu->processes();
  if (others > 0) {
    warnings.push_back(absl::StrCat("the GPU is in use by ", others, " other process(es): end them or wait"));
  }
  return warnings;
}

}  // namespace sid
