// Every learner's step as a CUDA graph: the weights are those of plain steps.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/machine/precision.h"
#include "baselines/learners.h"
#include "data/registry.h"
#include "sid/network/initialisation.h"
#include "training/step_runner.h"

namespace sid {
namespace {

constexpr int64_t kDepth = 3;

// One way to step. Executors are named: `auto` would leave it to a clock what is tested.
struct Way {
  std::string name, learner;
  ExecutorOptions executor;
  std::string network = "simple-cnn", partition = "shared";
};

std::vector<Way> AllWays() {
  const Precision bf16 = Precision::kBf16;
  std::vector<Way> ways = {{"sid_serial", "sid", {.executor = Executor::kSerial}},
                           {"sid_batched", "sid", {.executor = Executor::kBatched}},
                           {"sid_batched_chunks", "sid", {.executor = Executor::kBatched, .chunk = 2}},
                           {"sid_batched_bf16", "sid", {.executor = Executor::kBatched, .precision = bf16}},
                           {"sid_cuda", "sid", {.executor = Executor::kCuda}},
                           {"sid_cuda_chunks", "sid", {.executor = Executor::kCuda, .chunk = 2}},
                           {"sid_cuda_bf16", "sid", {.executor = Executor::kCuda, .precision = bf16}},
                           {"bp_chain_bf16", "bp-chain", {.precision = bf16}},
                           {"sid_owners", "sid", {}, "resnet9", "even"},
                           {"sid_owners_bf16", "sid", {.precision = bf16}, "resnet9", "even"},
                           {"dgl_transformer", "dgl", {}, "vit-tiny", "even"},
                           {"bp_resnet9", "bp", {}, "resnet9", "even"}};
  for (const std::string& learner : LearnerNames()) {
    if (learner == "sid") continue;
    std::string name = learner;
    std::replace(name.begin(), name.end(), '-', '_');
    ways.push_back({name, learner, {}});
  }
  return ways;
}

// Two epochs of a schedule, with whole batches and a last one that is not.
std::vector<at::Tensor> WeightsAfterTraining(const Way& way, bool capture, at::Device device) {
  UsePrecision(way.executor.precision);
  const Dataset dataset = LoadDataset({.name = "synthetic"}).value();
  const Examples some{dataset.train.images.slice(0, 0, 330).to(device),
                      dataset.train.labels.slice(0, 0, 330).to(device)};
  ShuffledBatches batches(some, dataset.statistics, {.batch_size = 32});
  const LearnerKind kind = FindLearner(way.learner).value();
  const Architecture architecture = MakeArchitecture({.name = way.network,
                                                      .image = some.images.sizes().slice(1).vec(),
                                                      .width = way.network == "simple-cnn" ? 0 : 64,
                                                      .features = 12})
                                        .value();
  const Partition partition = PartitionFor(kind, ParsePartition(way.partition, kDepth, architecture.blocks).value());
  Network network =
      EmptyNetwork(architecture, partition, {.hidden = 10, .belief_input = kind.sees_belief}, dataset.classes());
  Initialise(Initialisation::kKaiming, /*seed=*/5, at::Tensor(), network);
  LearnerOptions options{.sid = {.alphas = std::vector<double>(network.depth(), 0.5)}, .executor = way.executor};
  // Not Adam: its first step is the gradient's sign, which rounding decides where a gradient is all but zero, and a graph may choose
  // another algorithm of a convolution than plain steps do.
  options.optimizer.rule = OptimizerRule::kSgd;
  const auto learner = MakeLearner(way.learner, CloneTo(network, device, at::kFloat), options).value();
  PhaseTimer untimed;
  StepRunner runner(batches, capture, untimed, *learner);
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    batches.StartEpoch(epoch);
    for (int64_t step = 0; step < batches.steps_per_epoch(); ++step) {
      runner.Run(step, 1e-3 * static_cast<double>(1 + step));
    }
  }
  std::vector<at::Tensor> weights;
  for (const NamedTensor& parameter : Weights(*learner)) weights.push_back(parameter.tensor.detach().cpu().clone());
  return weights;
}

class CaptureTest : public testing::TestWithParam<Way> {};

TEST_P(CaptureTest, GivesThePlainStepsWeights) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  const at::Device device(at::kCUDA, 0);
  const auto plain = WeightsAfterTraining(GetParam(), false, device),
             captured = WeightsAfterTraining(GetParam(), true, device);
  // A product of another algorithm rounds a bf16 factor the other way, 2^-9 of it; 22 steps move the weights by some percent.
  const double tolerance = GetParam().executor.precision == Precision::kBf16 ? 2e-3 : 1e-4;
  for (size_t k = 0; k < plain.size(); ++k) {
    EXPECT_LT(((captured[k] - plain[k]).norm() / plain[k].norm()).item<double>(), tolerance) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CaptureTest, testing::ValuesIn(AllWays()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sid
