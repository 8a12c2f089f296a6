// Every executor of a GPU against `serial`: the same weights after a step and after twenty, within rounding. Executors are named, not
// left to `auto`, whose choice a clock decides.

#include <gtest/gtest.h>

#include <tuple>

#include "base/machine/device.h"
#include "base/machine/memory.h"
#include "sid/learner/choose_executor.h"
#include "sid/learner/executors_for_tests.h"
#include "sid/learner/sid_learner.h"

namespace sid {
namespace {

const at::Device kGpu(at::kCUDA, 0);

class OnAGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasGpu()) GTEST_SKIP() << "no CUDA device";
  }
};

class ExecutorsOnAGpu : public OnAGpu,
                        public testing::WithParamInterface<std::tuple<int64_t, int64_t, Divergence, at::ScalarType>> {};

TEST_P(ExecutorsOnAGpu, GiveSerialsWeights) {
  const auto& [depth, classes, divergence, type] = GetParam();
  Setting setting = Comparable(depth, classes, divergence, type);
  setting.device = kGpu;
  ExpectSerialsWeights(setting);
}

INSTANTIATE_TEST_SUITE_P(All, ExecutorsOnAGpu,
                         testing::Combine(testing::Values(1, 2, 3, 8, 64), testing::Values(2, 10, 100, 200),
                                          testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(at::kDouble, at::kFloat)));

class AtProductionSize : public OnAGpu, public testing::WithParamInterface<std::tuple<int64_t, int64_t>> {};

TEST_P(AtProductionSize, GiveSerialsWeights) {
  const auto& [depth, classes] = GetParam();
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    SCOPED_TRACE(type);
    Setting setting = OfProductionSize(Comparable(depth, classes, Divergence::kForward, type), classes, 128);
    setting.device = kGpu;
    ExpectSerialsWeights(setting);
  }
}

TEST_P(AtProductionSize, InBf16FollowFp32sLossWithinAPercent) {
  const auto& [depth, classes] = GetParam();
  ExpectBf16FollowsFp32(OfProductionSize(Learnable(depth, kGpu), classes, 128));
}

INSTANTIATE_TEST_SUITE_P(All, AtProductionSize, testing::Combine(testing::Values(8, 64), testing::Values(100, 200)));

TEST_F(OnAGpu, WithResidualBeliefsGiveSerialsWeights) {
  Setting setting = Comparable(8, 10, Divergence::kForward, at::kDouble);
  setting.belief_update = BeliefUpdate::kResidual;
  setting.device = kGpu;
  ExpectSerialsWeights(setting);
}

TEST_F(OnAGpu, WithPcgradGiveSerialsWeights) {
  Setting setting = Comparable(3, 10, Divergence::kForward, at::kDouble);
  setting.options.extractor_gradient = ExtractorGradient::kPcgrad;
  setting.device = kGpu;
  ExpectSerialsWeights(setting);
}

TEST_F(OnAGpu, InBf16FollowFp32sLossWithinAPercent) { ExpectBf16FollowsFp32(Learnable(3, kGpu)); }

TEST_F(OnAGpu, GiveTheCpusWeights) {
  Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}};
  const History expected = Train(setting, {.executor = Executor::kSerial}, 20);
  setting.device = kGpu;
  for (const Executor executor : {Executor::kSerial, Executor::kBatched, Executor::kCuda}) {
    EXPECT_LT(LargestRelativeError(Train(setting, {.executor = executor}, 20).last, expected.last), 1e-11);
  }
}

// The mode is the process's, and the tests after this one want the other.
struct DeterministicMode {
  DeterministicMode() { UseDeterministicAlgorithms(); }
  ~DeterministicMode() { at::globalContext().setDeterministicAlgorithms(/*b=*/false, /*warn_only=*/false); }
};

TEST_F(OnAGpu, RepeatTheSameBits) {
  const DeterministicMode mode;
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}, .type = at::kFloat, .device = kGpu};
  for (const Executor executor : {Executor::kSerial, Executor::kBatched, Executor::kCuda}) {
    ExpectTheSameBits(setting, {.executor = executor});
  }
}

Network NetworkOfDepth(int64_t depth) {
  Network network = EmptyNetwork({.classes = 100, .depth = depth});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  return CloneTo(network, kGpu, at::kFloat);
}

TEST_F(OnAGpu, TheFastestExecutorIsOneOfTheTwo) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    UsePrecision(precision);
    const Executor chosen =
        FastestExecutor(NetworkOfDepth(64), {.alphas = std::vector<double>(64, 0.5)}, precision, /*chunk=*/0);
    EXPECT_TRUE(chosen == Executor::kBatched || chosen == Executor::kCuda);
  }
}

// What looks for the fastest executor must not need more memory than the training that it chooses for.
TEST_F(OnAGpu, TheTrialNeedsNoMoreMemoryThanAChunk) {
  UsePrecision(Precision::kFp32);
  const auto peak = [](int64_t depth) {
    const Network network = NetworkOfDepth(depth);
    FastestExecutor(network, {.alphas = std::vector<double>(depth, 0.5)}, Precision::kFp32, /*chunk=*/4);
    const int64_t before = LiveTensorBytes(kGpu);
    ResetPeakTensorBytes(kGpu);
    FastestExecutor(network, {.alphas = std::vector<double>(depth, 0.5)}, Precision::kFp32, /*chunk=*/4);
    return PeakTensorBytes(kGpu) - before;
  };
  EXPECT_LT(static_cast<double>(peak(256)), 1.1 * static_cast<double>(peak(8)));
}

}  // namespace
}  // namespace sid
