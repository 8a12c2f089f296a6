// Inference is the unchanged forward pass (C10 of reproducibility/claims/claims.json): what SID predicts with weights that it has trained is
// what the formula of sid/network/heads.h gives, written out without what training uses, and what backpropagation predicts with them.

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "base/random.h"
#include "baselines/learners.h"
#include "data/batches/batches.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kClasses = 7, kDepth = 4, kBatch = 16;

Batch MakeBatch(uint64_t number) {
  at::Generator generator = MakeGenerator(/*seed=*/1, RandomUse::kSynthetic, {number});
  return {at::randn({kBatch, 3, 16, 16}, generator, at::kFloat), at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

// Shares its memory with `network`, and moves its weights in a step.
std::unique_ptr<Learner> Make(const std::string& name, const Network& network) {
  return MakeLearner(
             name, network,
             {.sid = {.alphas = std::vector<double>(kDepth, 0.5)}, .executor = {.executor = Executor::kBatched}})
      .value();
}

// [p_{i-1}; z] -> relu(W1_i . + b1_i) -> W2_i . + b2_i, module after module, in one piece.
at::Tensor WrittenOut(const Network& network, const at::Tensor& images) {
  const at::NoGradGuard no_graph;
  const at::Tensor z = RunBody(network.stages[0], images, {}).features;
  at::Tensor log_p = at::full({images.size(0), kClasses}, -std::log(static_cast<double>(kClasses)), z.options());
  std::vector<at::Tensor> all{log_p};
  for (int64_t i = 0; i < kDepth; ++i) {
    const Head module = network.stages[0].heads.at(i);
    const at::Tensor weight = at::concat({module.belief_weight, module.feature_weight}, 1);
    const at::Tensor hidden = at::linear(at::concat({log_p.exp(), z}, 1), weight, module.hidden_bias).relu();
    const at::Tensor output = at::linear(hidden, module.output_weight, module.output_bias);
    log_p = at::log_softmax(module.belief_update == BeliefUpdate::kResidual ? log_p + output : output, -1);
    all.push_back(log_p);
  }
  return at::stack(all);
}

double Difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

class Inference : public testing::TestWithParam<BeliefUpdate> {};

TEST_P(Inference, IsTheFormulaWrittenOutAndBackpropagations) {
  Network network = EmptyNetwork({.classes = kClasses, .depth = kDepth, .belief_update = GetParam()});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  const std::unique_ptr<Learner> sid = Make("sid", network);
  PhaseTimer untimed;
  for (uint64_t step = 0; step < 5; ++step) sid->Step(MakeBatch(step), 1e-3, untimed);
  const at::Tensor images = MakeBatch(99).images, predicted = sid->Predict(images);
  EXPECT_LE(Difference(predicted, WrittenOut(network, images)), 1e-5);
  for (const char* other : {"bp-chain", "bp-deep"}) {
    const Network same = CloneTo(network, at::kCPU, at::kFloat);
    EXPECT_LE(Difference(predicted, Make(other, same)->Predict(images)), 1e-5) << other;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Inference, testing::Values(BeliefUpdate::kReplace, BeliefUpdate::kResidual));

}  // namespace

}  // namespace sid
