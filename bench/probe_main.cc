// What the live probe (--probe_every) costs, and the look for numbers that are not finite, as parts of training:
//
//   OMP_NUM_THREADS=1 ./tools/bazel run //bench:probe -- --benchmark_min_time=5
//
// A training step and a probe of a batch of the same size take turns, on CIFAR-100's shapes, on the CPU; `percent_at_100` is
// what a probe at every hundredth step adds to the steps, in processor time, which other programs hardly disturb. The look
// comes with every step: `percent` is what it adds.

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <benchmark/benchmark.h>

#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/command_line/flags.h"
#include "base/machine/process.h"
#include "base/random.h"
#include "base/release/release.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"
#include "sid/theory/probe.h"
#include "third_party/logging/logging.h"
#include "training/loss_log.h"

namespace sid {
namespace {

constexpr int64_t kBatch = 128, kClasses = 100;

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::unique_ptr<Learner> MakeLearner(const Network& network, int64_t depth) {
  return MakeSidLearner(network, {.alphas = std::vector<double>(depth, 0.5)}, {.executor = Executor::kBatched}, {});
}

Network MakeNetwork(int64_t depth) {
  Network network = EmptyNetwork({.classes = kClasses, .depth = depth});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  return network;
}

Batch MakeBatch(int64_t examples = kBatch) {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  return {at::randn({examples, 3, 32, 32}, generator, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast),
          at::randint(kClasses, {examples}, generator, at::kLong)};
}

void DetectionBesideStep(benchmark::State& state) {
  const auto learner = MakeLearner(MakeNetwork(state.range(0)), state.range(0));
  const Batch batch = MakeBatch(state.range(1));
  LossLog log(/*steps=*/1, *learner);
  const at::Tensor row = at::zeros({}, at::kLong);
  PhaseTimer untimed;
  log.Write(row, learner->Step(batch, 1e-4, untimed), batch.labels);
  double steps = 0, looks = 0;
  for (auto _ : state) {
    const double begin = ProcessorSeconds();
    const StepResult result = learner->Step(batch, 1e-4, untimed);
    const double end = ProcessorSeconds();
    log.StartEpoch();
    log.Write(row, result, batch.labels);
    CHECK(log.Check(/*steps=*/1, kBatch, /*epoch=*/1, 1e-4).ok());
    steps += end - begin;
    looks += ProcessorSeconds() - end;
  }
  state.counters["percent"] = 100 * looks / steps;
}

BENCHMARK(DetectionBesideStep)
    ->ArgNames({"depth", "batch"})
    ->Args({4, 32})
    ->Args({4, 128})
    ->Args({16, 128})
    ->Unit(benchmark::kMillisecond);

void ProbeBesideStep(benchmark::State& state) {
  const int64_t depth = state.range(0);
  const Network network = MakeNetwork(depth);
  const auto learner = MakeLearner(network, depth);
  const Batch batch = MakeBatch();
  Probe probe(*learner, batch, {.alphas = std::vector<double>(depth, 0.5)});
  PhaseTimer untimed;
  learner->Step(batch, 1e-4, untimed);
  double steps = 0, probes = 0;
  for (auto _ : state) {
    const double begin = ProcessorSeconds();
    probe.BeforeStep();
    const double middle = ProcessorSeconds();
    learner->Step(batch, 1e-4, untimed);
    const double end = ProcessorSeconds();
    benchmark::DoNotOptimize(probe.AfterStep(0));
    steps += end - middle;
    probes += middle - begin + ProcessorSeconds() - end;
  }
  state.counters["percent_at_100"] = probes / steps;
}

BENCHMARK(ProbeBesideStep)->Arg(4)->Arg(8)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string("--version")) {
    std::cout << sid::VersionLine("probe") << std::endl;
    return 0;
  }
  sid::MakeCallersPath("benchmark_out", argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  CHECK(sid::SetUpProcess().ok());  // it asks for no number of threads
  // None, where the filter fits nothing, which the library tells but lets pass.
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 2;
}
