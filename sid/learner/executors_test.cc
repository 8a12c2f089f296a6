// Every executor against `serial`: the same weights after a step and after twenty, within rounding.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 11;

struct Setting {
  int64_t depth = 3, classes = 10, batch = 7;
  SidOptions options;
  OptimizerOptions optimizer;
  at::ScalarType type = at::kDouble;
  at::Device device = at::kCPU;
};

std::vector<double> LinearAlphas(int64_t depth) {
  std::vector<double> alphas;
  for (int64_t i = 0; i < depth; ++i) alphas.push_back(1 - 0.8 * static_cast<double>(i) / static_cast<double>(depth));
  return alphas;
}

using Weights = std::vector<at::Tensor>;

// The weights after each of `steps` steps on batches of their own; one in the middle has two examples less.
std::vector<Weights> Train(const Setting& setting, const ExecutorOptions& executor, int64_t steps) {
  Network network = EmptyNetwork({.classes = setting.classes, .depth = setting.depth, .features = 12, .hidden = 10});
  // PyTorch's: with biases that start at 0 the error relative to them would mean little.
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  const auto learner =
      MakeSidLearner(CloneTo(network, setting.device, setting.type), setting.options, executor, setting.optimizer);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  PhaseTimer untimed;
  std::vector<Weights> history;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t batch = step == steps / 2 ? setting.batch - 2 : setting.batch;
    const at::Tensor images = at::randn({batch, 3, 8, 8}, generator, at::kDouble);
    const at::Tensor labels = at::randint(setting.classes, {batch}, generator, at::kLong);
    learner->Step({images.to(setting.device, setting.type), labels.to(setting.device)}, 0.05, untimed);
    Weights weights;
    for (const at::Tensor& weight : Tensors(learner->Parameters())) weights.push_back(weight.detach().cpu().clone());
    history.push_back(std::move(weights));
  }
  return history;
}

double LargestRelativeError(const Weights& actual, const Weights& expected) {
  double largest = 0;
  for (size_t k = 0; k < expected.size(); ++k) {
    const at::Tensor a = actual[k].to(at::kDouble), e = expected[k].to(at::kDouble);
    largest = std::max(largest, ((a - e).norm() / e.norm()).item<double>());
  }
  return largest;
}

class ExecutorsTest : public testing::TestWithParam<std::tuple<int64_t, int64_t, Divergence, at::ScalarType>> {
 protected:
  Setting MakeSetting() const {
    const auto& [depth, classes, divergence, type] = GetParam();
    return {.depth = depth,
            .classes = classes,
            .options = {.divergence = divergence, .alphas = LinearAlphas(depth), .smoothing = 0.1},
            // Not Adam: its first step is the gradient's sign, which rounding decides where a gradient is all but zero.
            .optimizer = {.rule = OptimizerRule::kSgd},
            .type = type};
  }
  void ExpectEqual(const Setting& setting) const {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    const double tolerance = setting.type == at::kDouble ? 1e-12 : 1e-5;
    const auto expected = Train(setting, {.executor = Executor::kSerial}, 20);
    for (const int64_t chunk : {0, 3}) {
      const auto actual = Train(setting, {.executor = Executor::kBatched, .chunk = chunk}, 20);
      EXPECT_LT(LargestRelativeError(actual.front(), expected.front()), tolerance) << "one step, chunk " << chunk;
      EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), tolerance) << "20 steps, chunk " << chunk;
    }
  }
};

TEST_P(ExecutorsTest, GiveSerialsWeights) { ExpectEqual(MakeSetting()); }

INSTANTIATE_TEST_SUITE_P(All, ExecutorsTest,
                         testing::Combine(testing::Values(1, 2, 3, 8, 64), testing::Values(2, 10, 100, 200),
                                          testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(at::kDouble, at::kFloat)));

TEST(Executors, AgreeOnEveryOption) {
  for (const ExtractorGradient gradient :
       {ExtractorGradient::kSum, ExtractorGradient::kMean, ExtractorGradient::kNone}) {
    for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kAdamW, OptimizerRule::kSgd}) {
      for (const double clip_norm : {0.0, 0.1}) {
        const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}, .extractor_gradient = gradient},
                              .optimizer = {.rule = rule, .weight_decay = 0.1, .clip_norm = clip_norm}};
        const auto expected = Train(setting, {.executor = Executor::kSerial}, 3);
        const auto actual = Train(setting, {.executor = Executor::kBatched}, 3);
        EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), 1e-12)
            << static_cast<int>(gradient) << static_cast<int>(rule) << clip_norm;
      }
    }
  }
}

TEST(Executors, RepeatTheSameBits) {
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}, .type = at::kFloat};
  for (const Executor executor : {Executor::kSerial, Executor::kBatched}) {
    const auto first = Train(setting, {.executor = executor}, 5), second = Train(setting, {.executor = executor}, 5);
    for (size_t k = 0; k < first.back().size(); ++k) EXPECT_TRUE(at::equal(first.back()[k], second.back()[k])) << k;
  }
}

TEST(Executors, OnTheGpuGiveTheCpusWeights) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}};
  const auto expected = Train(setting, {.executor = Executor::kSerial}, 20);
  setting.device = at::Device(at::kCUDA, 0);
  for (const Executor executor : {Executor::kSerial, Executor::kBatched}) {
    const auto actual = Train(setting, {.executor = executor}, 20);
    EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), 1e-11);
  }
}

}  // namespace
}  // namespace sid
