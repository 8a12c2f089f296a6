#include "baselines/backpropagation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "baselines/chain.h"
#include "sid/belief/belief.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kClasses = 5, kBatch = 6;
constexpr OptimizerOptions kPlainDescent{.rule = OptimizerRule::kSgd, .momentum = 0};

double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

Network MakeNetwork(int64_t depth, int64_t width = 8, BeliefUpdate belief_update = BeliefUpdate::kReplace,
                    bool extractor = true) {
  Network network = EmptyNetwork({.classes = kClasses,
                                  .depth = depth,
                                  .features = width,
                                  .hidden = width + 1,
                                  .belief_update = belief_update,
                                  .extractor = extractor});
  Initialise(Initialisation::kKaiming, /*seed=*/3, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

// ResNet-9 of width 4, split among modules.
Network MakeResNet(const Partition& partition, const HeadShape& head) {
  const ArchitectureOptions options{.name = "resnet9", .image = {3, 16, 16}, .width = 4};
  Network network = EmptyNetwork(MakeArchitecture(options).value(), partition, head, kClasses);
  Initialise(Initialisation::kKaiming, /*seed=*/3, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

// Images, or the features of a network without an extractor.
Batch MakeBatch(bool images = true, int64_t side = 12) {
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  const std::vector<int64_t> shape =
      images ? std::vector<int64_t>{kBatch, 3, side, side} : std::vector<int64_t>{kBatch, 8};
  return {at::randn(shape, generator, at::kDouble), at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

// The network written without any rearrangement: block after block, head after head, autograd through everything.
std::vector<at::Tensor> PlainBeliefs(const Network& network, const at::Tensor& images) {
  at::Tensor h = images, log_p;
  std::vector<at::Tensor> log_beliefs;
  for (const Stage& stage : network.stages) {
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      h = stage.blocks[b].forward(h, stage.tensors[b], {.training = true});
    }
    const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, {});
    if (!log_p.defined()) {
      log_p = at::zeros_like(UniformBelief(kBatch, kClasses, z.options())) - std::log(static_cast<double>(kClasses));
    }
    for (int64_t i = 0; i < stage.heads.depth(); ++i) {
      const at::Tensor output = stage.heads.at(i).Output(log_p, z);
      const bool residual = stage.heads.belief_update == BeliefUpdate::kResidual;
      log_p = (residual ? log_p + output : output).log_softmax(-1);
      log_beliefs.push_back(log_p);
    }
  }
  return log_beliefs;
}

// Plain gradient descent shows the gradient: w_before - w_after = learning rate * gradient.
std::vector<at::Tensor> GradientsSeenInAStep(Backpropagation kind, const Network& initial, const Batch& batch,
                                             const BackpropagationOptions& options = {},
                                             std::vector<NamedTensor>* after = nullptr) {
  const Network network = CloneTo(initial, at::kCPU, at::kDouble);
  const auto learner = MakeBackpropagationLearner(kind, network, options, kPlainDescent);
  PhaseTimer untimed;
  learner->Step(batch, 1, untimed);
  std::vector<at::Tensor> gradients;
  const std::vector<at::Tensor> moved = Tensors(Learning(AllTensors(network))),
                                start = Tensors(Learning(AllTensors(initial)));
  for (size_t k = 0; k < moved.size(); ++k) gradients.push_back(start[k] - moved[k]);
  if (after != nullptr) *after = AllTensors(network);
  return gradients;
}

void ExpectAutogradOfThePlainNetwork(Backpropagation kind, const Network& network, const Batch& batch,
                                     const BackpropagationOptions& options = {}) {
  const Network leaves = WithLeaves(network);
  const std::vector<at::Tensor> log_beliefs = PlainBeliefs(leaves, batch.images);
  at::Tensor loss = at::nll_loss(log_beliefs.back(), batch.labels);
  if (kind == Backpropagation::kDeep) {
    for (size_t i = 0; i + 1 < log_beliefs.size(); ++i) {
      loss = loss + options.inner_weight * at::nll_loss(log_beliefs[i], batch.labels);
    }
  }
  const auto expected = torch::autograd::grad({loss}, Tensors(Learning(AllTensors(leaves))));
  const auto actual = GradientsSeenInAStep(kind, network, batch, options);
  for (size_t k = 0; k < expected.size(); ++k) {
    EXPECT_LT(RelativeError(actual[k], expected[k]), 1e-9)
        << BackpropagationNames()[static_cast<size_t>(kind)] << " " << k;
  }
}

TEST(Backpropagation, StepsFollowAutogradOfThePlainChain) {
  for (const BeliefUpdate belief_update : {BeliefUpdate::kReplace, BeliefUpdate::kResidual}) {
    SCOPED_TRACE(BeliefUpdateNames()[static_cast<size_t>(belief_update)]);
    for (const Backpropagation kind :
         {Backpropagation::kChain, Backpropagation::kChainCheckpoint, Backpropagation::kDeep}) {
      for (const int64_t depth : {1, 4, 19}) {  // more than what is one batch of products on the way back
        ExpectAutogradOfThePlainNetwork(kind, MakeNetwork(depth, 8, belief_update), MakeBatch());
        ExpectAutogradOfThePlainNetwork(kind, MakeNetwork(depth, 8, belief_update, /*extractor=*/false),
                                        MakeBatch(/*images=*/false));
      }
    }
    ExpectAutogradOfThePlainNetwork(Backpropagation::kHead, MakeNetwork(1, 8, belief_update), MakeBatch());
  }
}

// On blocks that modules own: no stop-gradient, whatever the heads are.
TEST(Backpropagation, StepsFollowAutogradOnSplitNetworks) {
  const Batch batch = MakeBatch(/*images=*/true, /*side=*/16);
  for (const HeadKind kind : {HeadKind::kMlp, HeadKind::kLinear, HeadKind::kConv}) {
    SCOPED_TRACE(HeadKindNames()[static_cast<size_t>(kind)]);
    const HeadShape seeing{.kind = kind, .hidden = 9}, blind{.kind = kind, .hidden = 9, .belief_input = false};
    const Network split = MakeResNet({2, 0, 1, 3}, seeing);
    ExpectAutogradOfThePlainNetwork(Backpropagation::kChain, split, batch);
    ExpectAutogradOfThePlainNetwork(Backpropagation::kDeep, split, batch);
    ExpectAutogradOfThePlainNetwork(Backpropagation::kDeep, MakeResNet({2, 1, 3}, blind), batch, {.inner_weight = 0.3});
    ExpectAutogradOfThePlainNetwork(Backpropagation::kBp, MakeResNet({6}, blind), batch);
    ExpectAutogradOfThePlainNetwork(Backpropagation::kBp, MakeResNet({6}, blind), batch, {.recompute = true});
  }
}

// The same bits: blocks are run again, and write their statistics once.
TEST(Backpropagation, RecomputingChangesNoBit) {
  const Batch batch = MakeBatch(/*images=*/true, /*side=*/16);
  const Network network = MakeResNet({2, 1, 3}, {.hidden = 9, .belief_input = false});
  std::vector<NamedTensor> plain, recomputed;
  GradientsSeenInAStep(Backpropagation::kDeep, network, batch, {}, &plain);
  GradientsSeenInAStep(Backpropagation::kDeep, network, batch, {.recompute = true}, &recomputed);
  bool statistics = false;
  for (size_t k = 0; k < plain.size(); ++k) {
    statistics = statistics || plain[k].role == Role::kStatistic;
    EXPECT_TRUE(at::equal(plain[k].tensor, recomputed[k].tensor)) << plain[k].name;
  }
  EXPECT_TRUE(statistics);
}

TEST(Backpropagation, HeadsThatGetNoGradientAreRefused) {
  const HeadShape blind{.hidden = 9, .belief_input = false};
  EXPECT_EQ(Validate(Backpropagation::kChain, MakeResNet({3, 3}, blind)).message(),
            "bp-chain trains all heads through the beliefs, and these heads see none: use bp or bp-deep, or "
            "--belief_input");
  EXPECT_EQ(Validate(Backpropagation::kBp, MakeResNet({3, 3}, blind)).message(),
            "bp trains one head, and the network has 2");
}

// What follows the last belief that has a loss gets no gradient.
TEST(Chain, FlowsBackFromAnyBelief) {
  const Network leaves = WithLeaves(MakeNetwork(/*depth=*/4));
  const Batch batch = MakeBatch();
  const std::vector<at::Tensor> weights = Tensors(leaves);
  const at::Tensor plain = at::nll_loss(PlainBeliefs(leaves, batch.images)[1], batch.labels);
  const auto expected = torch::autograd::grad({plain}, weights);
  const at::Tensor features = RunBody(leaves.stages[0], batch.images, {}).features;
  const at::Tensor closed = at::nll_loss(Chain(leaves.stages[0].heads, features)[1], batch.labels);
  const auto actual = torch::autograd::grad({closed}, weights);
  for (size_t k = 0; k < weights.size(); ++k) EXPECT_LT(RelativeError(actual[k], expected[k]), 1e-9) << k;
}

TEST(Backpropagation, LossDepthsAndLossesBelongTogether) {
  const Batch batch = MakeBatch();
  for (const Backpropagation kind : {Backpropagation::kChain, Backpropagation::kDeep}) {
    const auto learner = MakeBackpropagationLearner(kind, MakeNetwork(3), {.smoothing = 0.1}, {});
    const at::Tensor losses = learner->Losses(batch.labels, learner->Predict(batch.images));
    EXPECT_EQ(losses.sizes(), at::IntArrayRef({static_cast<int64_t>(learner->LossDepths().size()), kBatch}));
    PhaseTimer untimed;
    const StepResult step = learner->Step(batch, 1e-3, untimed);
    EXPECT_LT(RelativeError(losses.mean(1), step.losses), 1e-12);
  }
}

TEST(Backpropagation, InBf16FollowsFp32sLossWithinTwoPercent) {
  constexpr int64_t kImages = 16;  // few: without AVX-512, bf16 is emulated
  // Classes that can be told apart: on noise, the losses of two roundings soon differ by more than the roundings.
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  const at::Tensor labels = at::randint(kClasses, {kImages}, generator, at::kLong);
  const at::Tensor patterns = 3 * at::randn({kClasses, 3, 12, 12}, generator, at::kFloat);
  const Batch batch{patterns.index_select(0, labels) + at::randn({kImages, 3, 12, 12}, generator, at::kFloat), labels};
  for (const std::string& name : BackpropagationNames()) {
    const Backpropagation kind = ParseBackpropagation(name).value();
    const bool one = kind == Backpropagation::kHead || kind == Backpropagation::kBp;
    const Network network = MakeNetwork(one ? 1 : 3, /*width=*/64);
    std::vector<std::vector<double>> losses;
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      const auto learner =
          MakeBackpropagationLearner(kind, CloneTo(network, at::kCPU, at::kFloat), {.precision = precision}, {});
      PhaseTimer untimed;
      losses.emplace_back();
      for (int step = 0; step < 10; ++step) {
        const StepResult result = learner->Step(batch, 3e-5, untimed);
        losses.back().push_back(result.losses.mean().item<double>());
      }
    }
    EXPECT_LT(losses[0].back(), losses[0].front()) << name;
    EXPECT_NE(losses[1].back(), losses[0].back()) << name << " computed in float32";
    for (size_t k = 0; k < losses[0].size(); ++k) EXPECT_NEAR(losses[1][k], losses[0][k], 0.02 * losses[0][k]) << name;
  }
}

TEST(Backpropagation, NamesAreTheirs) {
  for (const std::string& name : BackpropagationNames()) {
    const auto kind = ParseBackpropagation(name).value();
    EXPECT_EQ(MakeBackpropagationLearner(kind, MakeNetwork(1), {}, {})->name(), name);
  }
}

}  // namespace
}  // namespace sid
