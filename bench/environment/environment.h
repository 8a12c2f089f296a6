#pragma once

// Where a result comes from, what about the machine makes it worth less, and whether a measurement was disturbed, from what the kernel and
// the driver counted meanwhile:
//
//   ReadMachineState --> before      measurement      after --> Disturbance: "", or what happened

#include <c10/core/Device.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/environment/gpu_monitor.h"

namespace sid {

// Processor, GPU, clocks, driver, libraries' versions, compiler and its mode, commit, and `command` as given.
nlohmann::ordered_json DescribeEnvironment(at::Device device, const GpuMonitor* gpu, const std::string& command);

// One line for each reason not to trust times measured here and now: a debug build, a processor whose clock follows the load,
// a machine that others use. Asked before this process computes, or it finds itself. `root` holds proc/ and sys/:
// "" but in tests.
std::vector<std::string> Warnings(const GpuMonitor* gpu, const std::string& root);

struct MachineState {
  double stolen = 0;  // seconds that the hypervisor gave to others, over all processors, since it started
  double others = 0;  // seconds that all other processes computed, but children that have ended; grows, from any start
  int64_t preemptions = 0;  // involuntary context switches of this process since it started
  double gpu_mhz = 0;       // the GPU's clock; 0 where unknown
  double gpu_clock = 1;     // its share of the one that it holds under load; 1 where unknown
};

// What clock a GPU holds under load: the median of those seen at the end of a measurement. Its maximum says little: many GPUs, limited in
// power, never reach it.
class ClockUnderLoad {
 public:
  // Takes one into account, and returns its share of the median; 1 for 0, which stands for unknown.
  double Share(double megahertz);

 private:
  std::vector<double> seen_;
};

// `gpu` may be null.
MachineState ReadMachineState(const GpuMonitor* gpu);

// Of a measurement of `seconds` on `threads`: "" when it can be used, else the reason, as "stolen time", "preemptions" or "GPU
// clock". What an idle Linux does all the time passes.
std::string Disturbance(const MachineState& before, const MachineState& after, double seconds, int64_t threads);

// Seconds since the start, over all processors, from the text of /proc/stat; 0 when it does not say.
struct ProcessorSeconds {
  double stolen = 0;
  double computed = 0;  // by anybody here, for users or in the kernel
};
ProcessorSeconds ParseProcessorSeconds(const std::string& proc_stat, double ticks_per_second);

}  // namespace sid
