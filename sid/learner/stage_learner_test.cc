// A stage's step on every kind of network against the oracle of stage_kinds_for_tests.h: gradients, statistics, what it shows and hands on.

#include "sid/learner/stage_learner.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sid/belief/belief.h"
#include "sid/learner/inspection.h"
#include "sid/learner/sid_learner.h"
#include "sid/learner/stage_kinds_for_tests.h"

namespace sid {
namespace {

void ExpectClose(const at::Tensor& actual, const at::Tensor& expected, const std::string& what) {
  EXPECT_LT((actual - expected).norm().item<double>(), 1e-9 * (1e-3 + expected.norm().item<double>())) << what;
}

using StageLearnerTest = EveryKind;

TEST_P(StageLearnerTest, MovesEveryWeightByItsOwnModulesLossesAlone) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), leaves = WithLeaves(network);
  const std::vector<at::Tensor> losses = Losses(leaves, OptionsOf(kind), MakeBatch(kind));
  const std::vector<NamedTensor> names = Learning(AllTensors(network));
  std::vector<at::Tensor> expected;
  for (const at::Tensor& loss : losses) {
    const std::vector<at::Tensor> one = OracleGradients(leaves, loss);
    for (size_t k = 0; k < one.size(); ++k) {
      const bool body = names[k].first_module == kNobody;
      const double scale = !body                                       ? 1
                           : kind.gradient == ExtractorGradient::kNone ? 0
                           : kind.gradient == ExtractorGradient::kMean ? 1.0 / static_cast<double>(losses.size())
                                                                       : 1;
      if (expected.size() <= k) expected.push_back(at::zeros_like(one[k]));
      expected[k] += scale * one[k];
    }
  }
  for (const Executor executor : Executors(network)) {
    at::Tensor seen;
    const std::vector<at::Tensor> actual = GradientsSeenInAStep(kind, network, executor, &seen);
    for (size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(seen[static_cast<int64_t>(i)].item<double>(), losses[i].item<double>(), 1e-11) << "module " << i;
    }
    for (size_t k = 0; k < actual.size(); ++k) ExpectClose(actual[k], expected[k], names[k].name);
  }
}

// Running statistics move once a step, and inference afterwards is another pass: it changes nothing.
TEST_P(StageLearnerTest, WritesStatisticsOnceAStep) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), once = CloneTo(network, at::kCPU, at::kDouble);
  const auto learner = MakeSidLearner(network, OptionsOf(kind), {.executor = Executor::kSerial}, {});
  PhaseTimer untimed;
  const Batch batch = MakeBatch(kind);
  Forward(once, batch.images, {.training = true, .write_statistics = true});
  learner->Inspect(batch, /*gradients=*/true);
  learner->Predict(batch.images);
  learner->Step(batch, 0.0, untimed);
  learner->Inspect(batch, /*gradients=*/true);
  const std::vector<NamedTensor> actual = AllTensors(network), expected = AllTensors(once);
  for (size_t k = 0; k < actual.size(); ++k) {
    if (actual[k].role == Role::kStatistic) ExpectClose(actual[k].tensor, expected[k].tensor, actual[k].name);
  }
}

TEST_P(StageLearnerTest, InspectionSeesEachModulesGradients) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), leaves = WithLeaves(network);
  const Batch batch = MakeBatch(kind);
  const Inspection seen = InspectLocalLosses(network, OptionsOf(kind), batch);
  const std::vector<at::Tensor> losses = Losses(leaves, OptionsOf(kind), batch);
  for (const Stage& stage : leaves.stages) {
    for (int64_t own = 0; own < stage.heads.depth(); ++own) {
      const int64_t module = stage.first_module + own;
      const bool owned = leaves.stages.size() > 1 && stage.heads.depth() == 1;
      double squares = 0;
      const std::vector<at::Tensor> gradients = OracleGradients(leaves, losses[module]);
      const std::vector<NamedTensor> names = Learning(AllTensors(leaves));
      for (size_t k = 0; k < names.size(); ++k) {
        const bool own_weight =
            names[k].first_module != kNobody || (owned && !IsBorrowed(kind, leaves, stage, names[k].tensor));
        if (own_weight) squares += gradients[k].square().sum().item<double>();
      }
      EXPECT_NEAR(seen.gradient_norm[module].item<double>(), std::sqrt(squares), 1e-9 * (1e-3 + std::sqrt(squares)))
          << "module " << module;
    }
  }
  EXPECT_EQ(seen.features_gradients.defined(), leaves.stages.size() == 1);
}

INSTANTIATE_TEST_SUITE_P(All, StageLearnerTest, testing::ValuesIn(Kinds()),
                         [](const auto& info) { return info.param.name; });

// What one stage hands to the next has no graph, and is that of before the update: computed again from the old weights, the same bits.
TEST(StageLearner, HandsOnValuesWithoutAGraph) {
  const Kind kind = KindNamed("owned");
  const Network network = MakeNetwork(kind), before = CloneTo(network, at::kCPU, at::kDouble);
  const Batch batch = MakeBatch(kind);
  StageLearner learner(network.stages[0], OptionsOf(kind), {.executor = Executor::kBatched}, {});
  PhaseTimer untimed;
  const Hand in{batch.images, UniformBelief(kBatch, kClasses, batch.images.options()),
                TargetBelief(batch.labels, kClasses, OptionsOf(kind).smoothing, at::kDouble)};
  const Hand hand = learner.Step(in, at::scalar_tensor(0.1, at::kDouble), untimed).hand;
  EXPECT_FALSE(hand.features.requires_grad());
  EXPECT_FALSE(hand.log_belief.requires_grad());
  EXPECT_TRUE(at::equal(hand.features, RunBody(before.stages[0], batch.images, {.training = true}).output));
}

TEST(SidLearner, InferenceIsTheTrainingPassOfANetworkWithoutNormalisation) {
  const Kind kind = KindNamed("shared");
  const Network network = MakeNetwork(kind);
  const auto learner = MakeSidLearner(network, OptionsOf(kind), {.executor = Executor::kSerial}, {});
  PhaseTimer untimed;
  const at::Tensor predicted = Predict(network, MakeBatch(kind).images);
  EXPECT_TRUE(at::equal(learner->Step(MakeBatch(kind), 1e-3, untimed).log_belief, predicted[3]));
}

}  // namespace
}  // namespace sid
