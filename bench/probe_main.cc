// What the live probe (--probe_every) costs, as a part of training:
//
//   OMP_NUM_THREADS=1 ./tools/bazel run //bench:probe
//
// A training step and a probe of a batch of the same size take turns, on CIFAR-100's shapes, on the CPU; `percent_at_100` is
// what a probe at every hundredth step adds to the steps, in processor time, which other programs hardly disturb.

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include <ctime>
#include <vector>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"
#include "sid/theory/probe/probe.h"

namespace sid {
namespace {

constexpr int64_t kBatch = 128, kClasses = 100;

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void ProbeBesideStep(benchmark::State& state) {
  const int64_t depth = state.range(0);
  Network network = EmptyNetwork({.classes = kClasses, .depth = depth});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  const std::vector<double> alphas(depth, 0.5);
  const auto learner = MakeSidLearner(network, {.alphas = alphas}, {.executor = Executor::kBatched}, {});
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  const Batch batch{at::randn({kBatch, 3, 32, 32}, generator, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast),
                    at::randint(kClasses, {kBatch}, generator, at::kLong)};
  Probe probe(network, batch, {.alphas = alphas});
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

BENCHMARK(ProbeBesideStep)->Arg(4)->Arg(8)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond)->MinTime(5);

}  // namespace
}  // namespace sid

BENCHMARK_MAIN();
