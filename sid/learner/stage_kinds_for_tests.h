#pragma once

// Every kind of network that a stage can be of, and an oracle that is written anew: module i's loss is one graph over its own stage, all
// before it cut off, differentiated by all weights of the network.

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {

inline constexpr uint64_t kSeed = 7;
inline constexpr int64_t kClasses = 5, kBatch = 6;

struct Kind {
  std::string name;
  ArchitectureOptions architecture;
  Partition partition;
  HeadShape head = {.hidden = 9};
  int64_t side = 12;
  Divergence divergence = Divergence::kForward;
  ExtractorGradient gradient = ExtractorGradient::kSum;
  bool overlap = false;
};

inline std::vector<Kind> Kinds() {
  const ArchitectureOptions simple{.name = "simple-cnn", .image = {3, 12, 12}, .width = 4, .features = 8};
  const ArchitectureOptions resnet{.name = "resnet9", .image = {3, 16, 16}, .width = 4};
  const auto head = [](HeadKind kind, bool belief, BeliefUpdate update = BeliefUpdate::kReplace) {
    return HeadShape{.kind = kind, .hidden = 9, .belief_input = belief, .belief_update = update};
  };
  const Divergence reverse = Divergence::kReverse;
  return {
      {"shared", simple, {5, 0, 0}},
      {"shared_reverse", simple, {5, 0, 0}, {.hidden = 9}, 12, reverse},
      {"shared_mean", simple, {5, 0, 0}, {.hidden = 9}, 12, Divergence::kForward, ExtractorGradient::kMean},
      {"shared_none", simple, {5, 0, 0}, {.hidden = 9}, 12, Divergence::kForward, ExtractorGradient::kNone},
      {"shared_linear", simple, {5, 0, 0}, head(HeadKind::kLinear, true)},
      {"owned", simple, {2, 2, 1}},
      {"owned_residual", simple, {2, 2, 1}, head(HeadKind::kMlp, true, BeliefUpdate::kResidual)},
      {"owned_and_shared", simple, {3, 0, 2, 0}, head(HeadKind::kMlp, true), 12, reverse},
      {"blind", simple, {2, 2, 1}, head(HeadKind::kMlp, false)},
      {"conv", simple, {2, 2, 1}, head(HeadKind::kConv, true)},
      {"resnet9", resnet, {2, 1, 3}, head(HeadKind::kMlp, true), 16},
      {"resnet9_conv_blind", resnet, {3, 3}, head(HeadKind::kConv, false), 16},
      {"resnet18_linear",
       {.name = "resnet18", .image = {1, 8, 8}, .width = 2},
       {3, 3, 3},
       head(HeadKind::kLinear, true),
       8,
       reverse},
      {"vgg11", {.name = "vgg11", .image = {3, 32, 32}, .width = 2}, {4, 4}, head(HeadKind::kMlp, true), 32},
      {"overlap", simple, {2, 2, 1}, head(HeadKind::kMlp, true), 12, reverse, ExtractorGradient::kSum, true},
      {"overlap_of_one", simple, {1, 1, 1, 2}, head(HeadKind::kConv, true), 12, reverse, ExtractorGradient::kSum, true},
      {"overlap_resnet9", resnet, {2, 1, 3}, head(HeadKind::kConv, true), 16, reverse, ExtractorGradient::kSum, true},
      {"overlap_and_shared",
       simple,
       {3, 0, 2, 0},
       head(HeadKind::kMlp, true),
       12,
       reverse,
       ExtractorGradient::kSum,
       true},
      {"scaled", simple, {3, 0, 2}, {.hidden = 9, .feature_scale = 0.125}},
      {"vit", {.name = "vit-tiny", .image = {3, 8, 8}, .width = 64}, {1, 4, 8}, head(HeadKind::kMlp, true), 8}};
}

inline Kind KindNamed(const std::string& name) {
  const std::vector<Kind> kinds = Kinds();
  return *std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == name; });
}

inline SidOptions OptionsOf(const Kind& kind) {
  SidOptions options{
      .divergence = kind.divergence, .smoothing = 0.1, .extractor_gradient = kind.gradient, .overlap = kind.overlap};
  for (size_t i = 0; i < kind.partition.size(); ++i) options.alphas.push_back(0.9 - 0.2 * static_cast<double>(i));
  return options;
}

inline Network MakeNetwork(const Kind& kind) {
  Network network = EmptyNetwork(MakeArchitecture(kind.architecture).value(), kind.partition, kind.head, kClasses);
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

inline Batch MakeBatch(const Kind& kind, uint64_t number = 0) {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic, {number});
  return {at::randn({kBatch, kind.architecture.image[0], kind.side, kind.side}, generator, at::kDouble),
          at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

// l_i, mean over the batch, of each module.
inline std::vector<at::Tensor> Losses(const Network& network, const SidOptions& options, const Batch& batch) {
  const at::Tensor log_y = TargetBelief(batch.labels, kClasses, options.smoothing, at::kDouble);
  const auto kl = [](const at::Tensor& t, const at::Tensor& p) { return (t.exp() * (t - p)).sum(-1); };
  at::Tensor h = batch.images, last_input, log_q = at::zeros_like(log_y) - std::log(static_cast<double>(kClasses));
  std::vector<at::Tensor> losses;
  const Stage* before = nullptr;
  for (const Stage& stage : network.stages) {
    h = h.detach();
    // A graph of its own from the block before on.
    if (options.overlap && before != nullptr)
      h = before->blocks.back().forward(last_input.detach(), before->tensors.back(), {.training = true});
    before = &stage;
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      last_input = h;
      h = stage.blocks[b].forward(h, stage.tensors[b], {.training = true});
    }
    const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, {});
    for (int64_t i = 0; i < stage.heads.depth(); ++i) {
      log_q = log_q.detach();
      const at::Tensor log_p = stage.heads.at(i).Forward(log_q, z).log_softmax(-1);
      const double a = options.alphas[losses.size()];
      const bool forward = options.divergence == Divergence::kForward;
      losses.push_back((forward ? a * kl(log_y, log_p) + (1 - a) * kl(log_q, log_p)
                                : a * kl(log_p, log_y) + (1 - a) * kl(log_p, log_q))
                           .mean());
      log_q = log_p;
    }
  }
  return losses;
}

// Whether overlap lets the losses of `stage` reach this tensor of the stage before.
inline bool IsBorrowed(const Kind& kind, const Network& network, const Stage& stage, const at::Tensor& tensor) {
  if (!kind.overlap || stage.first_module == 0) return false;
  const auto before = std::find_if(network.stages.begin(), network.stages.end(), [&](const Stage& one) {
    return one.first_block + static_cast<int64_t>(one.blocks.size()) == stage.first_block;
  });
  const BlockTensors& last = before->tensors.back();
  return std::any_of(last.begin(), last.end(), [&](const at::Tensor& one) { return one.is_same(tensor); });
}

// Gradients of module i's loss by all that learns, zeros where there is none.
inline std::vector<at::Tensor> OracleGradients(const Network& leaves, const at::Tensor& loss) {
  const std::vector<at::Tensor> weights = Tensors(Learning(AllTensors(leaves)));
  std::vector<at::Tensor> gradients =
      torch::autograd::grad({loss}, weights, {}, /*retain_graph=*/true, /*create_graph=*/false, /*allow_unused=*/true);
  for (size_t k = 0; k < gradients.size(); ++k) {
    if (!gradients[k].defined()) gradients[k] = at::zeros_like(weights[k]).detach();
  }
  return gradients;
}

// Plain gradient descent shows the gradient: w_before - w_after = learning rate * gradient.
inline std::vector<at::Tensor> GradientsSeenInAStep(const Kind& kind, const Network& initial, Executor executor,
                                                    at::Tensor* losses = nullptr) {
  const Network network = CloneTo(initial, at::kCPU, at::kDouble);
  const auto learner =
      MakeSidLearner(network, OptionsOf(kind), {.executor = executor}, {.rule = OptimizerRule::kSgd, .momentum = 0});
  PhaseTimer untimed;
  const StepResult result = learner->Step(MakeBatch(kind), 1, untimed);
  if (losses != nullptr) *losses = result.losses;
  const std::vector<at::Tensor> before = Tensors(Learning(AllTensors(initial))),
                                after = Tensors(Learning(AllTensors(network)));
  std::vector<at::Tensor> gradients;
  for (size_t k = 0; k < after.size(); ++k) gradients.push_back(before[k] - after[k]);
  return gradients;
}

class EveryKind : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { RecordProperty("seed", std::to_string(kSeed)); }
  std::vector<Executor> Executors(const Network& network) const {
    if (network.stages[0].heads.perceptrons()) return {Executor::kSerial, Executor::kBatched};
    return {Executor::kSerial};
  }
};

}  // namespace sid
