#include "baselines/backpropagation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/random.h"
#include "baselines/chain.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kClasses = 5, kBatch = 6;

double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

Network MakeNetwork(int64_t depth, int64_t width = 8, BeliefUpdate belief_update = BeliefUpdate::kReplace) {
  Network network = EmptyNetwork(
      {.classes = kClasses, .depth = depth, .features = width, .hidden = width + 1, .belief_update = belief_update});
  Initialise(Initialisation::kKaiming, /*seed=*/3, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

Network WithoutExtractor(Network network) {
  network.extractor.layers.clear();
  return network;
}

// Images, or the features of a network without an extractor.
Batch MakeBatch(bool images = true) {
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  const std::vector<int64_t> shape = images ? std::vector<int64_t>{kBatch, 3, 12, 12} : std::vector<int64_t>{kBatch, 8};
  return {at::randn(shape, generator, at::kDouble), at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

// The chain written without any rearrangement: module after module, autograd through everything.
std::vector<at::Tensor> PlainChain(const Network& network, const at::Tensor& images) {
  const at::Tensor z = network.extractor.Forward(images);
  at::Tensor p = (z.slice(1, 0, kClasses) * 0 + 1.0 / kClasses).detach();
  std::vector<at::Tensor> log_beliefs;
  for (int64_t i = 0; i < network.cascade.depth(); ++i) {
    const at::Tensor output = network.cascade.at(i).Output(p.log(), z);
    const bool residual = network.cascade.belief_update == BeliefUpdate::kResidual;
    log_beliefs.push_back((residual ? p.log() + output : output).log_softmax(-1));
    p = log_beliefs.back().exp();
  }
  return log_beliefs;
}

// Plain gradient descent shows the gradient: w_before - w_after = learning rate * gradient.
std::vector<at::Tensor> GradientsSeenInAStep(Backpropagation kind, const Network& initial, const Batch& batch) {
  const Network network = CloneTo(initial, at::kCPU, at::kDouble);
  const Network before = CloneTo(network, at::kCPU, at::kDouble);
  const auto learner =
      MakeBackpropagationLearner(kind, network, 0, Precision::kFp32, {.rule = OptimizerRule::kSgd, .momentum = 0});
  PhaseTimer untimed;
  learner->Step(batch, 1, untimed);
  std::vector<at::Tensor> gradients;
  const std::vector<at::Tensor> after = Tensors(network), start = Tensors(before);
  for (size_t k = 0; k < after.size(); ++k) gradients.push_back((start[k] - after[k]).detach());
  return gradients;
}

void ExpectAutogradOfThePlainChain(Backpropagation kind, const Network& network) {
  const Batch batch = MakeBatch(/*images=*/!network.extractor.layers.empty());
  RequireGradients(network, true);
  const std::vector<at::Tensor> log_beliefs = PlainChain(network, batch.images);
  at::Tensor loss = at::nll_loss(log_beliefs.back(), batch.labels);
  if (kind == Backpropagation::kDeep) {
    for (size_t i = 0; i + 1 < log_beliefs.size(); ++i) loss = loss + at::nll_loss(log_beliefs[i], batch.labels);
  }
  const auto expected = torch::autograd::grad({loss}, Tensors(network));
  const auto actual = GradientsSeenInAStep(kind, network, batch);
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
        const Network network = MakeNetwork(depth, 8, belief_update);
        ExpectAutogradOfThePlainChain(kind, network);
        ExpectAutogradOfThePlainChain(kind, WithoutExtractor(network));
      }
    }
    ExpectAutogradOfThePlainChain(Backpropagation::kHead, MakeNetwork(1, 8, belief_update));
  }
}

// What follows the last belief that has a loss gets no gradient.
TEST(Chain, FlowsBackFromAnyBelief) {
  const Network network = MakeNetwork(/*depth=*/4);
  RequireGradients(network, true);
  const Batch batch = MakeBatch();
  const std::vector<at::Tensor> weights = Tensors(network);
  const at::Tensor plain = at::nll_loss(PlainChain(network, batch.images)[1], batch.labels);
  const auto expected = torch::autograd::grad({plain}, weights);
  const at::Tensor features = network.extractor.Forward(batch.images);
  const at::Tensor closed = at::nll_loss(Chain(network.cascade, features)[1], batch.labels);
  const auto actual = torch::autograd::grad({closed}, weights);
  for (size_t k = 0; k < weights.size(); ++k) EXPECT_LT(RelativeError(actual[k], expected[k]), 1e-9) << k;
}

TEST(Backpropagation, LossDepthsAndLossesBelongTogether) {
  const Batch batch = MakeBatch();
  for (const Backpropagation kind : {Backpropagation::kChain, Backpropagation::kDeep}) {
    const auto learner = MakeBackpropagationLearner(kind, MakeNetwork(3), /*smoothing=*/0.1, Precision::kFp32, {});
    const at::Tensor losses = learner->Losses(batch.labels, learner->Predict(batch.images));
    EXPECT_EQ(losses.sizes(), at::IntArrayRef({static_cast<int64_t>(learner->LossDepths().size()), kBatch}));
    PhaseTimer untimed;
    const StepResult step = learner->Step(batch, 1e-3, untimed);
    EXPECT_LT(RelativeError(losses.mean(1), step.losses), 1e-12);
  }
}

TEST(Backpropagation, InBf16FollowsFp32sLossWithinTwoPercent) {
  // Classes that can be told apart: on noise, the losses of two roundings soon differ by more than the roundings.
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  const at::Tensor labels = at::randint(kClasses, {64}, generator, at::kLong);
  const at::Tensor patterns = 3 * at::randn({kClasses, 3, 12, 12}, generator, at::kFloat);
  const Batch batch{patterns.index_select(0, labels) + at::randn({64, 3, 12, 12}, generator, at::kFloat), labels};
  for (const std::string& name : BackpropagationNames()) {
    const Backpropagation kind = ParseBackpropagation(name).value();
    const Network network = MakeNetwork(kind == Backpropagation::kHead ? 1 : 3, /*width=*/64);
    std::vector<std::vector<double>> losses;
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      const auto learner = MakeBackpropagationLearner(kind, CloneTo(network, at::kCPU, at::kFloat), 0, precision, {});
      PhaseTimer untimed;
      losses.emplace_back();
      for (int step = 0; step < 20; ++step) {
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
    EXPECT_EQ(MakeBackpropagationLearner(kind, MakeNetwork(1), 0, Precision::kFp32, {})->name(), name);
  }
}

}  // namespace
}  // namespace sid
