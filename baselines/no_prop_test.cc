#include "baselines/no_prop.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "baselines/peers_for_tests.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

std::unique_ptr<Learner> Make(const Network& network, double noise = 1) {
  return MakeNoPropLearner(CloneTo(network, at::kCPU, at::kDouble), {.seed = kTestSeed}, kPlainDescent, noise);
}

const HeadShape kSeeing{.hidden = 7};

// Its identity: one module without noise is a plain classifier, by squared error.
TEST(NoProp, OneModuleWithoutNoiseIsAPlainClassifier) {
  for (const std::string name : {"mlp", "simple-cnn", "resnet9"}) {
    const Network network = TestNetwork(name, kSeeing);
    const auto learner = Make(network, /*noise=*/0);
    const Batch batch = TestBatch();
    const TensorsByName actual = GradientsSeenInAStep(*learner, batch);
    const Network leaves = WithLeaves(network);
    const Head head = leaves.stages[0].heads.at(0);
    const at::Tensor z = RunBody(leaves.stages[0], batch.images, {.training = true}).features;
    const at::Tensor hidden = at::relu(at::linear(z, head.feature_weight, head.hidden_bias));
    const at::Tensor p = at::linear(hidden, head.output_weight, head.output_bias).softmax(-1);
    at::Tensor y = at::zeros({kTestBatch, kTestClasses}, at::kDouble);
    for (int64_t i = 0; i < kTestBatch; ++i) y[i][batch.labels[i].item<int64_t>()] = 1;
    const at::Tensor loss = (p - y).square().sum() / static_cast<double>(kTestBatch);
    for (const NamedTensor& one : Learning(AllTensors(leaves))) {
      if (one.name == "heads.1.belief_weight") {
        EXPECT_EQ(actual.at(one.name).abs().max().item<double>(), 0);
        continue;
      }
      const at::Tensor expected = torch::autograd::grad({loss}, {one.tensor}, {}, /*retain_graph=*/true)[0];
      EXPECT_LT(Difference(actual.at(one.name), expected), 1e-12) << name << ", " << one.name;
    }
  }
}

// a, b and c against Bayes' rule on the two Gaussians that the paper starts from: q(z_t | y) and q(z_{t-1} | z_t).
TEST(DenoisingSchedule, IsTheClosedForm) {
  for (const int64_t steps : {1, 4, 10}) {
    const DenoisingSchedule schedule(steps);
    ASSERT_EQ(schedule.signal.size(), static_cast<size_t>(steps + 1));
    for (int64_t t = 0; t <= steps; ++t) {
      const double left = (static_cast<double>(steps - t) / static_cast<double>(steps) + 0.008) / 1.008;
      EXPECT_NEAR(schedule.signal[t], (1 + std::cos(std::numbers::pi * left)) / 2, 1e-15);
      if (t == 0) continue;
      EXPECT_GT(schedule.signal[t], schedule.signal[t - 1]);
      const double ratio = schedule.signal[t - 1] / schedule.signal[t];
      const double precision = 1 / (1 - schedule.signal[t]) + ratio / (1 - ratio);
      EXPECT_NEAR(schedule.a(t), std::sqrt(schedule.signal[t]) / (1 - schedule.signal[t]) / precision, 1e-12) << t;
      EXPECT_NEAR(schedule.b(t), std::sqrt(ratio) / (1 - ratio) / precision, 1e-12) << t;
      EXPECT_NEAR(schedule.c(t), 1 / precision, 1e-12) << t;
    }
  }
}

// Its isolation: of three modules that own blocks, what one learns depends neither on the blocks after it nor on any other head.
TEST(NoProp, ModulesLearnApart) {
  const Network network = TestNetwork("simple-cnn", kSeeing, {2, 1, 2});
  const TensorsByName before = GradientsSeenInAStep(*Make(network), TestBatch());
  Network heads = CloneTo(network, at::kCPU, at::kDouble);
  heads.stages[1].heads.output_weight.mul_(2);
  EXPECT_EQ(Owners(before, GradientsSeenInAStep(*Make(heads), TestBatch())),
            (std::vector<std::string>{"blocks.3", "heads.2"}));
  Network blocks = CloneTo(network, at::kCPU, at::kDouble);
  blocks.stages[1].tensors[0][0].mul_(2);
  EXPECT_EQ(Owners(before, GradientsSeenInAStep(*Make(blocks), TestBatch())),
            (std::vector<std::string>{"blocks.3", "blocks.4", "blocks.5", "heads.2", "heads.3"}));
}

// Inference denoises: with heads that copy a label which is almost visible, what is stated first is stated to the end.
TEST(NoProp, InferenceGoesFromNoiseToALabel) {
  const Network network = TestNetwork("mlp", kSeeing, {3, 0, 0, 0});
  const auto learner = Make(network);
  const Batch batch = TestBatch();
  const at::Tensor one = learner->Predict(batch.images), again = learner->Predict(batch.images);
  EXPECT_EQ(one.sizes(), at::IntArrayRef({5, kTestBatch, kTestClasses}));
  EXPECT_EQ((one - again).abs().max().item<double>(), 0);
  EXPECT_GT((one - Make(network, /*noise=*/0)->Predict(batch.images)).abs().max().item<double>(), 1e-3);
  EXPECT_LT((one.exp().sum(-1) - 1).abs().max().item<double>(), 1e-12);
}

TEST(NoProp, StepsDrawNewNoise) {
  const Network network = TestNetwork("mlp", kSeeing);
  const auto learner = Make(network);
  PhaseTimer untimed;
  const double first = learner->Step(TestBatch(), 0, untimed).losses.item<double>();
  EXPECT_NE(learner->Step(TestBatch(), 0, untimed).losses.item<double>(), first);
}

TEST(NoProp, HeadsWithoutALabelsPlaceAreRefused) {
  EXPECT_TRUE(ValidateNoProp(TestNetwork("mlp", kSeeing)).ok());
  EXPECT_FALSE(ValidateNoProp(TestNetwork("mlp", {.belief_input = false})).ok());
  EXPECT_FALSE(ValidateNoProp(TestNetwork("mlp", {.belief_update = BeliefUpdate::kResidual})).ok());
}

}  // namespace
}  // namespace sid
