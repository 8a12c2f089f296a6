// Micro-benchmarks of what steps are made of and of whole steps, on Google Benchmark:
//
//   ./tools/bazel run //bench:micro -- --benchmark_filter=cascade --benchmark_repetitions=5
//       --benchmark_enable_random_interleaving
//
// Times are events' on a GPU. "of_bound" is the share of a time that the work's products and convolutions, or its bytes where these take
// longer, would take at the rates that a product of matrices, a convolution and a copy of 64 MB reach here, measured before; what stays in
// a cache can be above 1. The JSON (--benchmark_out=FILE) is what google/benchmark's compare.py reads. For claims, with pairs and phases,
// there is //:bench.

#include <benchmark/benchmark.h>

#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/command_line/flags.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "base/release/release.h"
#include "bench/environment/environment.h"
#include "bench/micro/work.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int kWarm = 3;

using benchmark::Counter;

void Run(benchmark::State& state, const NamedWork& named, at::Device device, const Bounds& bounds) {
  const Work work = named.make();
  const auto timer = MakeTimer(device);
  for (int warm = 0; warm < kWarm; ++warm) work.run();
  double seconds = 0;
  while (state.KeepRunning()) {
    {
      const ScopedPhase phase(*timer, "work");
      work.run();
    }
    const double iteration = timer->Take()[0].seconds;
    seconds += iteration;
    state.SetIterationTime(iteration);
  }
  const double each = seconds / static_cast<double>(state.iterations());
  const auto rate = [](double amount) { return Counter(amount, Counter::kIsIterationInvariantRate); };
  if (work.examples > 0) state.counters["examples"] = rate(work.examples);
  if (work.bytes > 0) state.counters["bytes"] = rate(work.bytes);
  if (work.flops > 0) state.counters["flop"] = rate(work.flops + work.convolution_flops);
  if (bounds.Seconds(work) > 0) state.counters["of_bound"] = bounds.Seconds(work) / each;
}

void AddContext(at::Device device, const std::string& command, const Bounds& bounds) {
  const auto gpu = GpuMonitor::Open(device);
  const nlohmann::ordered_json environment = DescribeEnvironment(device, gpu.get(), command);
  for (const auto& [key, value] : environment.items()) benchmark::AddCustomContext(key, value.dump());
  benchmark::AddCustomContext("copy_bytes_per_second", absl::StrCat(bounds.bytes_per_second));
  for (const auto& [name, rates] : {std::pair{"fp32", bounds.fp32}, std::pair{"bf16", bounds.bf16}}) {
    benchmark::AddCustomContext(absl::StrCat(name, "_product_flops_per_second"), absl::StrCat(rates.flops_per_second));
    benchmark::AddCustomContext(absl::StrCat(name, "_convolution_flops_per_second"),
                                absl::StrCat(rates.convolution_flops_per_second));
  }
}

void RegisterAll(at::Device device, const Bounds& bounds) {
  std::vector<NamedWork> works = Primitives(device);
  const std::vector<NamedWork> steps = Steps(device);
  works.insert(works.end(), steps.begin(), steps.end());
  for (const NamedWork& work : works) {
    benchmark::RegisterBenchmark(work.name.c_str(), [=](benchmark::State& state) { Run(state, work, device, bounds); })
        ->Unit(benchmark::kMillisecond)
        ->UseManualTime();
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
  for (const std::string& warning : sid::Warnings(sid::GpuMonitor::Open(device).get(), "")) {
    std::cerr << "micro: WARNING: " << warning << std::endl;
  }
  sid::MakeCallersPath("benchmark_out", argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  CHECK(sid::SetUpProcess().ok());  // it asks for no number of threads
  const sid::Bounds bounds = sid::MeasureBounds(device);
  sid::AddContext(device, command, bounds);
  sid::RegisterAll(device, bounds);
  // None, where the filter fits nothing, which the library tells but lets pass.
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 2;
}
