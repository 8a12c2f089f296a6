#include "baselines/forward_forward.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/noise.h"
#include "baselines/peers_for_tests.h"

namespace sid {
namespace {

std::unique_ptr<Learner> Make(const Network& network) {
  return MakeForwardForwardLearner(CloneTo(network, at::kCPU, at::kDouble), {.seed = kTestSeed}, kPlainDescent);
}

// What the first step takes for wrong labels.
at::Tensor WrongLabels(const at::Tensor& labels) {
  const uint64_t key = MixSeed(kTestSeed, RandomUse::kWrongLabels);
  const at::Tensor step = at::scalar_tensor(0, at::kLong);
  return (labels + 1 + NoiseIntegers(key, step, kTestClasses - 1, labels.size(0))).remainder(kTestClasses);
}

// Its identity: the gradient of the goodness, written out for linear layers.
TEST(ForwardForward, GradientsAreThoseOfTheGoodness) {
  const Network network = TestNetwork("mlp");
  const Batch batch = TestBatch();
  const TensorsByName actual = GradientsSeenInAStep(*Make(network), batch);
  const Stage& stage = network.stages[0];
  at::Tensor h = at::concat({DrawLabels(batch.images, batch.labels, kTestClasses, false),
                             DrawLabels(batch.images, WrongLabels(batch.labels), kTestClasses, false)})
                     .flatten(1);
  const at::Tensor sign = at::concat({-at::ones({kTestBatch}, at::kDouble), at::ones({kTestBatch}, at::kDouble)});
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    const at::Tensor x = h / h.square().mean(1, /*keepdim=*/true).sqrt();
    h = (at::mm(x, stage.tensors[b][0].t()) + stage.tensors[b][1]).clamp_min(0);
    const at::Tensor g = h.square().sum(1);
    // softplus' = sigmoid; the mean over each half, and half of both
    const at::Tensor by_g = sign * (sign * (g - static_cast<double>(h.size(1)))).sigmoid() / (2.0 * kTestBatch);
    const at::Tensor by_h = 2 * h * by_g.unsqueeze(1);
    const std::string name = absl::StrCat("blocks.", b + 1);
    EXPECT_LT(Difference(actual.at(name + ".weight"), at::mm(by_h.t(), x)), 1e-7) << name;
    EXPECT_LT(Difference(actual.at(name + ".bias"), by_h.sum(0)), 1e-7) << name;
  }
}

// Its isolation: what a block learns depends on no weight of those after it.
TEST(ForwardForward, BlocksDoNotDependOnThoseAfterThem) {
  for (const std::string name : {"mlp", "simple-cnn"}) {
    const Network network = TestNetwork(name), other = CloneTo(network, at::kCPU, at::kDouble);
    other.stages[0].tensors[1][1].add_(0.5);  // a bias: a weight's length is normalised away after it
    const std::vector<std::string> owners =
        Owners(GradientsSeenInAStep(*Make(network), TestBatch()), GradientsSeenInAStep(*Make(other), TestBatch()));
    EXPECT_EQ(owners.front(), "blocks.2") << name;
    EXPECT_EQ(owners.back(), absl::StrCat("blocks.", network.stages[0].blocks.size())) << name;
  }
}

TEST(ForwardForward, BelievesInTheLabelThatTheBlocksRespondTo) {
  const Network network = TestNetwork("mlp");
  const auto learner = Make(network);
  const Batch batch = TestBatch();
  const Stage& stage = network.stages[0];
  std::vector<at::Tensor> by_class;
  for (int64_t c = 0; c < kTestClasses; ++c) {
    at::Tensor h = DrawLabels(batch.images, at::full({kTestBatch}, c, at::kLong), kTestClasses, false).flatten(1), sum;
    for (size_t b = 0; b < 3; ++b) {
      h = stage.blocks[b].forward(h / h.square().mean(1, true).sqrt(), stage.tensors[b], {});
      if (b > 0) sum = sum.defined() ? sum + h.square().sum(1) : h.square().sum(1);
    }
    by_class.push_back(sum);
  }
  EXPECT_LT(Difference(learner->Predict(batch.images)[1], at::stack(by_class, 1).log_softmax(1)), 1e-7);
}

TEST(ForwardForward, WrongLabelsAreAllTheOthersAlike) {
  const at::Tensor labels = at::arange(10'000).remainder(kTestClasses);
  const at::Tensor shift = (WrongLabels(labels) - labels).remainder(kTestClasses);
  EXPECT_FALSE(shift.eq(0).any().item<bool>());
  for (int64_t k = 1; k < kTestClasses; ++k) EXPECT_NEAR(shift.eq(k).sum().item<int64_t>(), 2500, 200) << k;
}

TEST(DrawLabels, AreInTheFirstNumbersOrAllOver) {
  const Batch batch = TestBatch();
  const at::Tensor drawn = DrawLabels(batch.images, batch.labels, kTestClasses, false).flatten(1);
  EXPECT_TRUE(at::equal(drawn.slice(1, 0, kTestClasses).argmax(1), batch.labels));
  EXPECT_TRUE(at::equal(drawn.slice(1, kTestClasses), batch.images.flatten(1).slice(1, kTestClasses)));
  // No two classes' waves are alike.
  const at::Tensor blank = at::zeros({100, 1, 32, 32}, at::kDouble);
  const at::Tensor waves = DrawLabels(blank, at::arange(100), 100, true).flatten(1);
  const at::Tensor products = at::mm(waves, waves.t());
  const at::Tensor norms = products.diagonal().sqrt();
  const at::Tensor cosines = products / norms.unsqueeze(0) / norms.unsqueeze(1);
  EXPECT_LT((cosines - at::eye(100, at::kDouble)).abs().max().item<double>(), 0.9);
}

TEST(ForwardForward, NetworksThatNormaliseAreRefused) {
  EXPECT_TRUE(ValidateForwardForward(TestNetwork("mlp")).ok());
  EXPECT_TRUE(ValidateForwardForward(TestNetwork("simple-cnn")).ok());
  for (const std::string name : {"vgg11", "resnet9", "resnet18", "revnet18", "vit-tiny"}) {
    EXPECT_NE(ValidateForwardForward(TestNetwork(name)).message().find("that normalises it: use simple-cnn or mlp"),
              absl::string_view::npos)
        << name;
  }
}

}  // namespace
}  // namespace sid
