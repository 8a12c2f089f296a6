// Micro-benchmarks of what steps are made of, on Google Benchmark; bench/README.md says how they are called and what they show. Times are
// events' on a GPU. Whole steps, with pairs and phases, are //:bench's.

#include <benchmark/benchmark.h>

#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/command_line/flags.h"
#include "base/command_line/program.h"
#include "base/machine/device.h"
#include "base/machine/precision.h"
#include "base/machine/process.h"
#include "base/release/release.h"
#include "bench/environment/environment.h"
#include "bench/micro/work.h"
#include "bench/timing/phase_timers.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int kWarm = 3;

using benchmark::Counter;

void Run(benchmark::State& state, const NamedWork& named, at::Device device) {
  UsePrecision(Precision::kFp32);  // as the learners have it: LibTorch's own default is TF32 for a GPU's convolutions
  const Work work = named.make();
  const auto timer = MakeTimer(device, SecondsNow);
  for (int warm = 0; warm < kWarm; ++warm) work.run();
  while (state.KeepRunning()) {
    {
      const ScopedPhase phase(*timer, "work");
      work.run();
    }
    state.SetIterationTime(timer->Take()[0].seconds);
  }
  const auto rate = [](double amount) { return Counter(amount, Counter::kIsIterationInvariantRate); };
  if (work.bytes > 0) state.counters["bytes"] = rate(work.bytes);
  if (work.flops > 0) state.counters["flop"] = rate(work.flops);
}

void AddContext(at::Device device, const std::string& command) {
  const auto gpu = OpenGpuMonitor(device);
  const nlohmann::ordered_json environment = DescribeEnvironment(device, gpu.get(), command);
  for (const auto& [key, value] : environment.items()) benchmark::AddCustomContext(key, value.dump());
}

void RegisterAll(at::Device device) {
  for (const auto& works : {Bounds(device), Primitives(device)}) {
    for (const NamedWork& work : works) {
      benchmark::RegisterBenchmark(work.name.c_str(), [=](benchmark::State& state) { Run(state, work, device); })
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime();
    }
  }
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("--version")) {
    std::cout << sid::VersionLine("micro") << std::endl;
    return 0;
  }
  std::string command = "//bench:micro --";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&command, " ", argv[i]);
  const at::Device device = sid::ParseDevice("auto").value();
  for (const std::string& warning : sid::Warnings(sid::OpenGpuMonitor(device).get(), "")) {
    std::cerr << "micro: WARNING: " << warning << std::endl;
  }
  sid::MakeCallersPath("benchmark_out", argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  CHECK(sid::SetUpProcess().ok());  // it asks for no number of threads
  sid::AddContext(device, command);
  sid::RegisterAll(device);
  // None, where the filter fits nothing, which the library tells but lets pass.
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 2;
}
