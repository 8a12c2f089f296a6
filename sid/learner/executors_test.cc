// Every executor of the CPU against `serial`: the same weights after a step and after twenty, within rounding.

#include <gtest/gtest.h>

#include <tuple>

#include "sid/learner/executors_for_tests.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

class ExecutorsTest : public testing::TestWithParam<std::tuple<int64_t, int64_t, Divergence, at::ScalarType>> {
 protected:
  Setting MakeSetting() const {
    const auto& [depth, classes, divergence, type] = GetParam();
    return Comparable(depth, classes, divergence, type);
  }
};

TEST_P(ExecutorsTest, GiveSerialsWeights) { ExpectSerialsWeights(MakeSetting()); }

INSTANTIATE_TEST_SUITE_P(All, ExecutorsTest,
                         testing::Combine(testing::Values(1, 2, 3, 8, 64), testing::Values(2, 10, 100, 200),
                                          testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(at::kDouble, at::kFloat)));

class SmallExecutorsTest : public ExecutorsTest {};

TEST_P(SmallExecutorsTest, GiveSerialsWeightsWithResidualBeliefs) {
  Setting setting = MakeSetting();
  setting.belief_update = BeliefUpdate::kResidual;
  ExpectSerialsWeights(setting);
}

TEST_P(SmallExecutorsTest, GiveSerialsWeightsWithPcgrad) {
  Setting setting = MakeSetting();
  setting.options.extractor_gradient = ExtractorGradient::kPcgrad;
  ExpectSerialsWeights(setting);
}

INSTANTIATE_TEST_SUITE_P(All, SmallExecutorsTest,
                         testing::Combine(testing::Values(1, 2, 3, 8), testing::Values(10),
                                          testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(at::kDouble, at::kFloat)));

TEST(Executors, AgreeOnEveryScheduleOfAlphas) {
  const std::vector<std::vector<double>> schedules = {
      {0.3, 0.3, 0.3, 0.3}, {1, 1, 1, 1}, {0.1, 0.4, 0.7, 1}, {1, 0.6, 0.3, 0.05}, {0.9, 0.1, 0.2, 0.5}};
  for (const Divergence divergence : {Divergence::kForward, Divergence::kReverse}) {
    for (const std::vector<double>& alphas : schedules) {
      SCOPED_TRACE(testing::Message() << testing::PrintToString(alphas) << static_cast<int>(divergence));
      Setting setting = Comparable(4, 10, divergence, at::kDouble);
      setting.options.alphas = alphas;
      ExpectSerialsWeights(setting, /*steps=*/5);
    }
  }
}

TEST(Executors, AgreeForBatchesOfAnySize) {
  for (const int64_t batch : {1, 2, 5, 17}) {
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      SCOPED_TRACE(testing::Message() << "B " << batch << ' ' << type);
      Setting setting = Comparable(3, 10, Divergence::kForward, type);
      setting.batch = batch;
      ExpectSerialsWeights(setting);
    }
  }
}

TEST(Executors, AgreeAtProductionSize) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    SCOPED_TRACE(type);
    ExpectSerialsWeights(OfProductionSize(Comparable(8, 100, Divergence::kForward, type), 100, 33), 5);
  }
}

TEST(Executors, AgreeOnEveryOption) {
  for (const ExtractorGradient gradient :
       {ExtractorGradient::kSum, ExtractorGradient::kMean, ExtractorGradient::kPcgrad, ExtractorGradient::kNone}) {
    for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kAdamW, OptimizerRule::kSgd}) {
      for (const double clip_norm : {0.0, 0.1}) {
        const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}, .extractor_gradient = gradient},
                              .optimizer = {.rule = rule, .weight_decay = 0.1, .clip_norm = clip_norm}};
        const auto expected = Train(setting, {.executor = Executor::kSerial}, 3);
        const auto actual = Train(setting, {.executor = Executor::kBatched}, 3);
        EXPECT_LT(LargestRelativeError(actual.last, expected.last), 1e-12)
            << static_cast<int>(gradient) << static_cast<int>(rule) << clip_norm;
      }
    }
  }
}

// No gradient, no weight decay either: an extractor that does not learn stays as it is, while the modules move.
TEST(Executors, LeaveAnExtractorThatDoesNotLearnAsItIs) {
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}, .extractor_gradient = ExtractorGradient::kNone},
                        .optimizer = {.rule = OptimizerRule::kAdamW, .weight_decay = 0.1}};
  for (const Executor executor : {Executor::kSerial, Executor::kBatched}) {
    const History history = Train(setting, {.executor = executor}, 3);
    const size_t modules = Tensors(EmptyNetwork({}).stages[0].heads).size();
    for (size_t k = 0; k < history.last.size(); ++k) {
      const bool of_extractor = k < history.last.size() - modules;
      EXPECT_EQ(at::equal(history.first[k], history.last[k]), of_extractor)
          << ExecutorNames()[static_cast<size_t>(executor)] << " " << k;
    }
  }
}

TEST(Executors, RepeatTheSameBits) {
  const Setting setting{.options = {.alphas = {0.5, 0.5, 0.5}}, .type = at::kFloat};
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    for (const Executor executor : {Executor::kSerial, Executor::kBatched}) {
      ExpectTheSameBits(setting, {.executor = executor, .precision = precision});
    }
  }
}

TEST(Executors, InBf16FollowFp32sLossWithinAPercent) { ExpectBf16FollowsFp32(Learnable(3, at::kCPU)); }

TEST(Executors, InBf16FollowFp32sLossWithinAPercentAtProductionSize) {
  ExpectBf16FollowsFp32(OfProductionSize(Learnable(8, at::kCPU), 100, 64));
}

TEST(Executors, CudaOnTheCpuIsAnErrorThatSaysWhatToUse) {
  const Network network = EmptyNetwork({});
  EXPECT_EQ(Validate(ExecutorOptions{.executor = Executor::kCuda}, {}, network).message(),
            "executor cuda needs a GPU, and the device is cpu: use auto or batched");
}

}  // namespace
}  // namespace sid
