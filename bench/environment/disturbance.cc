#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/machine/limits.h"
#include "bench/environment/environment.h"

namespace sid {
namespace {

constexpr double kStolenShare = 0.02;  // of the threads' time; /proc/stat counts in hundredths of a second
// A thread. Two cores with nothing else to do give some 60, a competitor for a core hundreds.
constexpr double kPreemptionsPerSecond = 100, kPreemptionsAlways = 3;
constexpr double kLowestClock = 0.75;  // of the one that the GPU holds under load

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

ProcessorSeconds ParseProcessorSeconds(const std::string& proc_stat, double ticks_per_second) {
  // cpu  user nice system idle iowait irq softirq steal ...
  const std::string first = proc_stat.substr(0, proc_stat.find('\n'));
  const std::vector<std::string> fields = absl::StrSplit(first, ' ', absl::SkipEmpty());
  if (fields.size() < 9 || fields[0] != "cpu") return {};
  const auto seconds = [&](size_t field) {
    double ticks = 0;
    return absl::SimpleAtod(fields[field], &ticks) ? ticks / ticks_per_second : 0;
  };
  return {.stolen = seconds(8), .computed = seconds(1) + seconds(2) + seconds(3) + seconds(6) + seconds(7)};
}

MachineState ReadMachineState(const GpuMonitor* gpu) {
  MachineState state;
  const auto processors =
      ParseProcessorSeconds(ReadKernelFile("/proc/stat"), static_cast<double>(sysconf(_SC_CLK_TCK)));
  state.stolen = processors.stolen;
  state.others = processors.computed;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    state.preemptions = usage.ru_nivcsw;
    state.others -= Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  }
  if (getrusage(RUSAGE_CHILDREN, &usage) == 0) state.others -= Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  if (gpu != nullptr) state.gpu_mhz = gpu->mhz();
  return state;
}

double ClockUnderLoad::Share(double megahertz) {
  if (megahertz <= 0) return 1;
  seen_.insert(std::upper_bound(seen_.begin(), seen_.end(), megahertz), megahertz);
  return megahertz / seen_[seen_.size() / 2];
}

std::string Disturbance(const MachineState& before, const MachineState& after, double seconds, int64_t threads) {
  const double thread_seconds = seconds * static_cast<double>(threads);
  const auto preemptions = static_cast<double>(after.preemptions - before.preemptions);
  if (after.stolen - before.stolen > kStolenShare * thread_seconds) return "stolen time";
  if (preemptions > kPreemptionsAlways + kPreemptionsPerSecond * thread_seconds) return "preemptions";
  if (after.gpu_clock < kLowestClock) return "GPU clock";
  return "";
}

}  // namespace sid
