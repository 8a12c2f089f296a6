// Every learner's step as a CUDA graph: the weights are those of plain steps.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "baselines/learners.h"
#include "data/registry.h"
#include "sid/network/initialisation.h"
#include "sid/training/step_runner.h"

namespace sid {
namespace {

constexpr int64_t kDepth = 3;

// Two epochs of a schedule, with whole batches and a last one that is not.
std::vector<at::Tensor> WeightsAfterTraining(const std::string& name, bool capture, at::Device device) {
  const Dataset dataset = LoadDataset({.name = "synthetic"}).value();
  const Examples some{dataset.train.images.slice(0, 0, 330).to(device),
                      dataset.train.labels.slice(0, 0, 330).to(device)};
  ShuffledBatches batches(some, dataset.statistics, {.batch_size = 32});
  Network network = EmptyNetwork({.channels = some.images.size(1),
                                  .classes = dataset.classes(),
                                  .depth = LearnerDepth(name, kDepth),
                                  .features = 12,
                                  .hidden = 10});
  Initialise(Initialisation::kKaiming, /*seed=*/5, at::Tensor(), network);
  const SidOptions options{.alphas = std::vector<double>(kDepth, 0.5)};
  // `batched`, as auto asks a clock; SGD, as Adam's first step is the gradient's sign, which rounding decides here and there.
  const auto learner = MakeLearner(name, CloneTo(network, device, at::kFloat), options,
                                   {.executor = Executor::kBatched}, {.rule = OptimizerRule::kSgd})
                           .value();
  PhaseTimer untimed;
  StepRunner runner(batches, capture, untimed, *learner);
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    batches.StartEpoch(epoch);
    for (int64_t step = 0; step < batches.steps_per_epoch(); ++step) {
      runner.Run(step, 1e-3 * static_cast<double>(1 + step));
    }
  }
  std::vector<at::Tensor> weights;
  for (const Parameter& parameter : learner->Parameters()) weights.push_back(parameter.tensor.detach().cpu().clone());
  return weights;
}

class CaptureTest : public testing::TestWithParam<std::string> {};

TEST_P(CaptureTest, GivesThePlainStepsWeights) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  const at::Device device(at::kCUDA, 0);
  const auto plain = WeightsAfterTraining(GetParam(), false, device),
             captured = WeightsAfterTraining(GetParam(), true, device);
  for (size_t k = 0; k < plain.size(); ++k) {
    EXPECT_LT(((captured[k] - plain[k]).norm() / plain[k].norm()).item<double>(), 1e-4) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CaptureTest, testing::ValuesIn(LearnerNames()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace sid
