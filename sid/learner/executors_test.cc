// Every executor against `serial`: the same weights after a step and after twenty, within rounding.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "base/machine/device.h"
#include "base/random.h"
#include "sid/learner/choose_executor.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 11;

struct Setting {
  int64_t depth = 3, classes = 10, batch = 7, width = 12;
  SidOptions options;
  OptimizerOptions optimizer;
  at::ScalarType type = at::kDouble;
  at::Device device = at::kCPU;
  double learning_rate = 0.05;
  double separation = 0;  // of the classes: 0 makes images noise
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
};

std::vector<double> LinearAlphas(int64_t depth) {
  std::vector<double> alphas;
  for (int64_t i = 0; i < depth; ++i) alphas.push_back(1 - 0.8 * static_cast<double>(i) / static_cast<double>(depth));
  return alphas;
}

using Weights = std::vector<at::Tensor>;

struct History {
  std::vector<Weights> weights;  // after each step
  std::vector<double> losses;    // of each step, mean over the modules
};

// `steps` steps on batches of their own; one in the middle has two examples less.
History Train(const Setting& setting, const ExecutorOptions& executor, int64_t steps) {
  Network network = EmptyNetwork({.classes = setting.classes,
                                  .depth = setting.depth,
                                  .features = setting.width,
                                  .hidden = setting.width - 2,
                                  .belief_update = setting.belief_update});
  // PyTorch's: with biases that start at 0 the error relative to them would mean little.
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  const auto learner =
      MakeSidLearner(CloneTo(network, setting.device, setting.type), setting.options, executor, setting.optimizer);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor patterns =
      at::randn({setting.classes, 3, 8, 8}, MakeGenerator(kSeed, RandomUse::kSynthetic, {1}), at::kDouble);
  PhaseTimer untimed;
  History history;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t batch = step == steps / 2 ? setting.batch - 2 : setting.batch;
    const at::Tensor labels = at::randint(setting.classes, {batch}, generator, at::kLong);
    const at::Tensor images =
        at::randn({batch, 3, 8, 8}, generator, at::kDouble) + setting.separation * patterns.index_select(0, labels);
    const StepResult result = learner->Step({images.to(setting.device, setting.type), labels.to(setting.device)},
                                            setting.learning_rate, untimed);
    history.losses.push_back(result.losses.mean().item<double>());
    Weights weights;
    for (const at::Tensor& weight : Tensors(learner->Parameters())) weights.push_back(weight.detach().cpu().clone());
    history.weights.push_back(std::move(weights));
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

bool HasGpu() { return at::hasCUDA() && at::getNumGPUs() > 0; }

// All but `serial`, with which they are compared.
std::vector<Executor> Executors(at::Device device) {
  if (device.is_cuda()) return {Executor::kBatched, Executor::kCuda};
  return {Executor::kBatched};
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
            .type = type,
            // The modules' gradients by z add up: at a rate too high for them, training amplifies roundings.
            .learning_rate = 0.02 / static_cast<double>(depth)};
  }
  bool IsSmall() const { return std::get<0>(GetParam()) <= 8 && std::get<1>(GetParam()) == 10; }
  void ExpectEqual(const Setting& setting) const {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    const double tolerance = setting.type == at::kDouble ? 1e-12 : 1e-5;
    const auto expected = Train(setting, {.executor = Executor::kSerial}, 20).weights;
    for (const Executor executor : Executors(setting.device)) {
      for (const int64_t chunk : {0, 3}) {
        SCOPED_TRACE(testing::Message() << ExecutorNames()[static_cast<size_t>(executor)] << ", chunk " << chunk);
        const auto actual = Train(setting, {.executor = executor, .chunk = chunk}, 20).weights;
        EXPECT_LT(LargestRelativeError(actual.front(), expected.front()), tolerance) << "one step";
        EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), tolerance) << "20 steps";
      }
    }
  }
};

TEST_P(ExecutorsTest, GiveSerialsWeights) { ExpectEqual(MakeSetting()); }

TEST_P(ExecutorsTest, GiveSerialsWeightsWithResidualBeliefs) {
  if (!IsSmall()) GTEST_SKIP() << "large sizes are covered by the other belief update";
  Setting setting = MakeSetting();
  setting.belief_update = BeliefUpdate::kResidual;
  ExpectEqual(setting);
}

TEST_P(ExecutorsTest, GiveSerialsWeightsWithPcgrad) {
  if (!IsSmall()) GTEST_SKIP() << "large sizes are covered by the plain sum";
  Setting setting = MakeSetting();
  setting.options.extractor_gradient = ExtractorGradient::kPcgrad;
  ExpectEqual(setting);
}

TEST_P(ExecutorsTest, OnAGpuGiveSerialsWeights) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  Setting setting = MakeSetting();
  setting.device = at::Device(at::kCUDA, 0);
  ExpectEqual(setting);
}

INSTANTIATE_TEST_SUITE_P(All, ExecutorsTest,
                         testing::Combine(testing::Values(1, 2, 3, 8, 64), testing::Values(2, 10, 100, 200),
                                          testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(at::kDouble, at::kFloat)));

TEST(Executors, AgreeOnEveryOption) {
  for (const ExtractorGradient gradient :
       {ExtractorGradient::kSum, ExtractorGradient::kMean, ExtractorGradient::kPcgrad, ExtractorGradient::kNone}) {
    for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kAdamW, OptimizerRule::kSgd}) {
      for (const double clip_norm : {0.0, 0.1}) {
        const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}, .extractor_gradient = gradient},
                              .optimizer = {.rule = rule, .weight_decay = 0.1, .clip_norm = clip_norm}};
        const auto expected = Train(setting, {.executor = Executor::kSerial}, 3).weights;
        const auto actual = Train(setting, {.executor = Executor::kBatched}, 3).weights;
        EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), 1e-12)
            << static_cast<int>(gradient) << static_cast<int>(rule) << clip_norm;
      }
    }
  }
}

void ExpectTheSameBits(const Setting& setting, const ExecutorOptions& executor) {
  const auto first = Train(setting, executor, 5).weights, second = Train(setting, executor, 5).weights;
  for (size_t k = 0; k < first.back().size(); ++k) EXPECT_TRUE(at::equal(first.back()[k], second.back()[k])) << k;
}

TEST(Executors, RepeatTheSameBits) {
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}, .type = at::kFloat};
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    for (const Executor executor : {Executor::kSerial, Executor::kBatched}) {
      ExpectTheSameBits(setting, {.executor = executor, .precision = precision});
    }
  }
}

// For one test: the others are about what is used without it.
struct DeterministicScope {
  DeterministicScope() { UseDeterministicAlgorithms(); }
  ~DeterministicScope() { at::globalContext().setDeterministicAlgorithms(false, false); }
};

TEST(Executors, RepeatTheSameBitsOnAGpu) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  const DeterministicScope deterministic;
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}, .type = at::kFloat, .device = at::Device(at::kCUDA, 0)};
  for (const Executor executor : {Executor::kSerial, Executor::kBatched, Executor::kCuda}) {
    ExpectTheSameBits(setting, {.executor = executor});
  }
}

void ExpectBf16FollowsFp32(at::Device device) {
  // Classes that can be told apart: on noise, the losses of two roundings soon differ by more than the roundings.
  const Setting setting{.classes = 3,
                        .batch = 64,
                        .width = 64,
                        .options = {.alphas = {0.5, 0.5, 0.5}},
                        .type = at::kFloat,
                        .device = device,
                        .learning_rate = 3e-4,
                        .separation = 3};
  const auto expected = Train(setting, {.executor = Executor::kSerial}, 20).losses;
  EXPECT_LT(expected.back(), 0.9 * expected.front()) << "nothing was learned";
  std::vector<Executor> executors = Executors(device);
  executors.push_back(Executor::kSerial);
  for (const Executor executor : executors) {
    for (const int64_t chunk : {0, 2}) {
      if (executor == Executor::kSerial && chunk > 0) continue;
      const ExecutorOptions options{.executor = executor, .chunk = chunk, .precision = Precision::kBf16};
      const auto actual = Train(setting, options, 20).losses;
      EXPECT_NE(actual.back(), expected.back()) << "computed in float32";
      for (size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(actual[k], expected[k], 0.01 * expected[k]) << k;
    }
  }
}

TEST(Executors, InBf16FollowFp32sLossWithinAPercent) { ExpectBf16FollowsFp32(at::kCPU); }

TEST(Executors, InBf16OnAGpuFollowFp32sLossWithinAPercent) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  ExpectBf16FollowsFp32(at::Device(at::kCUDA, 0));
}

TEST(Executors, OnAGpuGiveTheCpusWeights) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}};
  const auto expected = Train(setting, {.executor = Executor::kSerial}, 20).weights;
  setting.device = at::Device(at::kCUDA, 0);
  for (const Executor executor : {Executor::kSerial, Executor::kBatched, Executor::kCuda}) {
    const auto actual = Train(setting, {.executor = executor}, 20).weights;
    EXPECT_LT(LargestRelativeError(actual.back(), expected.back()), 1e-11);
  }
}

TEST(Executors, CudaOnTheCpuIsAnErrorThatSaysWhatToUse) {
  const Network network = EmptyNetwork({});
  EXPECT_EQ(Validate(ExecutorOptions{.executor = Executor::kCuda}, {}, network).message(),
            "executor cuda needs a GPU, and the device is cpu: use auto or batched");
}

TEST(FastestExecutor, OnTheCpuIsBatched) {
  const Network network = EmptyNetwork({});
  EXPECT_EQ(FastestExecutor(network, {.alphas = std::vector<double>(5, 0.5)}, Precision::kFp32), Executor::kBatched);
}

// At the sizes that are used, whichever of the two would be faster there.
TEST(Executors, TheKernelOnAGpuGivesTheOperationsGradientsAtFullSize) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  for (const auto& [type, tolerance] : {std::pair(at::kDouble, 1e-11), {at::kFloat, 1e-3}, {at::kBFloat16, 0.1}}) {
    for (const int64_t classes : {100, 200}) {
      for (const int64_t depth : {8, 64}) {
        Network network = EmptyNetwork({.classes = classes, .depth = depth});
        Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
        const Cascade modules = CloneTo(network, at::Device(at::kCUDA, 0), type).cascade;
        const SidOptions options{.alphas = std::vector<double>(depth, 0.5)};
        EXPECT_TRUE(ChainsAgree(ChainByKernel, ChainByOperations, modules, options, /*examples=*/127, tolerance))
            << "C = " << classes << ", L = " << depth << ", " << at::toString(type);
      }
    }
  }
}

TEST(FastestExecutor, OnAGpuIsOneOfTheTwo) {
  if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  Network network = EmptyNetwork({.classes = 100, .depth = 64});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  network = CloneTo(network, at::Device(at::kCUDA, 0), at::kFloat);
  const Executor chosen = FastestExecutor(network, {.alphas = std::vector<double>(64, 0.5)}, Precision::kFp32);
  EXPECT_TRUE(chosen == Executor::kBatched || chosen == Executor::kCuda);
}

// A chain that is wrong must not be chosen, however fast.
ChainResult ChainWithAWrongLoss(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                                const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer) {
  ChainResult result = ChainByOperations(modules, divergence, alphas, inputs, log_q, timer);
  result.losses = result.losses * 1.01;
  return result;
}

TEST(ChainsAgree, TellsEqualFromUnequal) {
  Network network = EmptyNetwork({.depth = 3, .hidden = 20});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  const SidOptions options{.alphas = {0.5, 0.5, 0.5}};
  EXPECT_TRUE(ChainsAgree(ChainByOperations, ChainByOperations, network.cascade, options, 8, 1e-6));
  EXPECT_FALSE(ChainsAgree(ChainByOperations, ChainWithAWrongLoss, network.cascade, options, 8, 1e-3));
}

}  // namespace
}  // namespace sid
