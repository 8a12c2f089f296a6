// Micro-benchmarks of whole training steps, on Google Benchmark:
//
//   ./tools/bazel run //bench:micro -- --benchmark_filter=cascade --benchmark_repetitions=5
//       --benchmark_enable_random_interleaving
//
// `step/...` is a step on images of CIFAR-100's shape, `cascade/...` the same without an extractor: features [B, D] as they are.
// Names end in the depth. On a GPU a step is timed to its end, with one synchronisation a step.

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/machine/device.h"
#include "base/machine/version.h"
#include "base/random.h"
#include "baselines/learners.h"
#include "sid/network/initialisation.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr int64_t kBatch = 128, kClasses = 100, kFeatures = 128;

struct Contender {
  std::string label;
  std::string learner;
  ExecutorOptions executor;
};

std::vector<Contender> Contenders() {
  return {{"sid-batched", "sid", {.executor = Executor::kBatched}},
          {"sid-batched-chunk-4", "sid", {.executor = Executor::kBatched, .chunk = 4}},
          {"sid-serial", "sid", {.executor = Executor::kSerial}},
          {"bp-chain", "bp-chain", {}},
          {"bp-deep", "bp-deep", {}}};
}

std::unique_ptr<Learner> Make(const Contender& contender, int64_t depth, bool extractor, at::Device device) {
  Network network = EmptyNetwork({.classes = kClasses, .depth = depth, .features = kFeatures});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  SidOptions options{.alphas = std::vector<double>(depth, 0.5)};
  if (!extractor) {
    network.extractor.layers.clear();
    options.extractor_gradient = ExtractorGradient::kNone;  // d l / d z is computed all the same
  }
  auto learner = MakeLearner(contender.learner, CloneTo(network, device, at::kFloat), options, contender.executor, {});
  CHECK(learner.ok()) << learner.status();
  return *std::move(learner);
}

void Step(benchmark::State& state, const Contender& contender, int64_t depth, bool extractor, at::Device device) {
  const auto learner = Make(contender, depth, extractor, device);
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  const at::Tensor images =
      extractor ? at::randn({kBatch, 3, 32, 32}, generator, at::kFloat).contiguous(at::MemoryFormat::ChannelsLast)
                : at::randn({kBatch, kFeatures}, generator, at::kFloat);
  const Batch batch{images.to(device), at::randint(kClasses, {kBatch}, generator, at::kLong).to(device)};
  PhaseTimer untimed;
  for (int warm = 0; warm < 3; ++warm) learner->Step(batch, 1e-3, untimed);
  while (state.KeepRunning()) {
    // Reading a loss waits for the device.
    benchmark::DoNotOptimize(learner->Step(batch, 1e-3, untimed).losses.sum().item<float>());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void RegisterAll(at::Device device) {
  for (const bool extractor : {false, true}) {
    for (const int64_t depth : {4, 8, 16, 64}) {
      for (const Contender& contender : Contenders()) {
        const std::string name =
            std::string(extractor ? "step/" : "cascade/") + contender.label + "/" + std::to_string(depth);
        benchmark::RegisterBenchmark(name.c_str(), Step, contender, depth, extractor, device)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const at::Device device = sid::ParseDevice("auto").value();
  const nlohmann::json machine = sid::DescribeMachine(device);
  for (const auto& [key, value] : machine.items()) benchmark::AddCustomContext(key, value.dump());
  benchmark::AddCustomContext("commit", sid::Commit());
  sid::RegisterAll(device);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
