// Every executor of a GPU against `serial`: the same weights after a step and after twenty, within rounding.

#include <gtest/gtest.h>

#include <tuple>

#include "base/machine/device.h"
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

TEST_F(OnAGpu, AutoIsTheKernelWhereItFits) {
  const Network network = CloneTo(EmptyNetwork({.classes = 100, .depth = 8}), kGpu, at::kFloat);
  EXPECT_EQ(Resolve({}, network), Executor::kCuda);
  const Network wide = CloneTo(EmptyNetwork({.classes = 100, .depth = 1, .hidden = 100'000}), kGpu, at::kFloat);
  EXPECT_EQ(Resolve({}, wide), Executor::kBatched);
}

}  // namespace
}  // namespace sid
