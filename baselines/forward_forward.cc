#include "baselines/forward_forward.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/noise.h"
#include "base/random.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr double kEpsilon = 1e-8;
// The logit of a label that was not tried, next to those that were.
constexpr double kUntried = -30;

at::Tensor Normalise(const at::Tensor& h) {
  std::vector<int64_t> all(h.dim() - 1);
  std::iota(all.begin(), all.end(), 1);
  return h / (h.square().mean(all, /*keepdim=*/true).sqrt() + kEpsilon);
}

class ForwardForward : public Peer {
 public:
  ForwardForward(Network network, const PeerOptions& options, const OptimizerOptions& optimizer)
      : Peer(std::move(network), options, /*head=*/false),
        waves_(stage().tensors.at(0)[0].dim() == 4),
        steps_(at::zeros({}, network_.stages[0].heads.output_bias.options().dtype(at::kLong))) {
    CHECK(ValidateForwardForward(network_).ok());
    added_ = {{"steps", steps_, Role::kMoment}};
    for (size_t b = 0; b < stage().blocks.size(); ++b)
      optimizers_.emplace_back(BlockParameters(network_, b), optimizer);
  }

  std::string name() const override { return "ff"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    const int64_t size = batch.labels.size(0), classes = network_.classes();
    at::Tensor h, wrong;
    {
      const ScopedPhase phase(timer, "forward");
      wrong = WrongLabels(batch.labels);
      h = at::concat({DrawLabels(batch.images, batch.labels, classes, waves_),
                      DrawLabels(batch.images, wrong, classes, waves_)})
              .to(compute_type_);
      steps_.add_(1);
    }
    std::vector<at::Tensor> losses, goodness;
    for (size_t b = 0; b < stage().blocks.size(); ++b) {
      BlockPass pass;
      at::Tensor loss;
      {
        const ScopedPhase phase(timer, "forward");
        pass = RunBlock(network_, b, compute_type_, Normalise(h));
        const at::Tensor g = Goodness(pass.output);
        loss = GoodnessLoss(g.slice(0, 0, size), g.slice(0, size), stage().blocks[b].output[0]);
        goodness.push_back(g.detach());
        losses.push_back(loss.detach());
      }
      std::vector<at::Tensor> gradients;
      {
        const ScopedPhase phase(timer, "backward");
        gradients = torch::autograd::grad({loss}, pass.leaves);
      }
      h = pass.output.detach();
      const ScopedPhase phase(timer, "optimizer");
      optimizers_[b].Step(std::move(gradients), learning_rate);
    }
    const at::Tensor sum = Sum(goodness);
    return {at::stack(losses).mean().view({1}), OfTwo(batch.labels, wrong, sum.slice(0, 0, size), sum.slice(0, size)),
            h.slice(0, 0, size)};
  }

  at::Tensor Predict(const at::Tensor& images) const override {
    const at::NoGradGuard no_graph;
    const Stage rounded = CastBody(stage(), compute_type_);
    std::vector<at::Tensor> by_class;
    for (int64_t c = 0; c < network_.classes(); ++c) {
      const at::Tensor labels = at::full({images.size(0)}, c, images.options().dtype(at::kLong));
      at::Tensor h = DrawLabels(images, labels, network_.classes(), waves_).to(compute_type_);
      std::vector<at::Tensor> goodness;
      for (size_t b = 0; b < rounded.blocks.size(); ++b) {
        h = rounded.blocks[b].forward(Normalise(h), rounded.tensors[b], {});
        goodness.push_back(Goodness(h));
      }
      by_class.push_back(Sum(goodness));
    }
    const at::Tensor log_p = BeliefOf(at::stack(by_class, 1));
    return at::stack({UniformBelief(images.size(0), network_.classes(), log_p.options()), log_p});
  }

 private:
  at::Tensor WrongLabels(const at::Tensor& labels) const {
    const uint64_t key = MixSeed(options_.seed, RandomUse::kWrongLabels);
    const int64_t classes = network_.classes();
    return (labels + 1 + NoiseIntegers(key, steps_, classes - 1, labels.size(0))).remainder(classes);
  }

  // Of all blocks but the first, where there are more.
  static at::Tensor Sum(const std::vector<at::Tensor>& goodness) {
    return goodness.size() == 1 ? goodness[0] : at::stack(goodness).slice(0, 1).sum(0);
  }

  at::Tensor OfTwo(const at::Tensor& labels, const at::Tensor& wrong, const at::Tensor& positive,
                   const at::Tensor& negative) const {
    const at::Tensor most = positive.maximum(negative);
    const at::Tensor logits = at::full({labels.size(0), network_.classes()}, kUntried, positive.options());
    return BeliefOf(logits.scatter(1, labels.unsqueeze(1), (positive - most).unsqueeze(1))
                        .scatter(1, wrong.unsqueeze(1), (negative - most).unsqueeze(1)));
  }

  bool waves_;
  at::Tensor steps_;  // int64, scalar, on the device: taken so far
};

// [classes, height, width]: wave k of the class has k/2 whole periods, along directions that follow each other by the golden angle.
at::Tensor Waves(int64_t classes, int64_t height, int64_t width, const at::TensorOptions& options) {
  const at::Tensor y = at::arange(height, options).view({1, height, 1}) / static_cast<double>(height);
  const at::Tensor x = at::arange(width, options).view({1, 1, width}) / static_cast<double>(width);
  const at::Tensor k = at::arange(classes, options).view({classes, 1, 1});
  const at::Tensor angle = k * (std::numbers::pi * (3 - std::sqrt(5.0)));
  const at::Tensor periods = 2 + k * (static_cast<double>(std::min(height, width)) / 4 / static_cast<double>(classes));
  return (2 * std::numbers::pi * periods * (angle.cos() * x + angle.sin() * y)).sin();
}

}  // namespace

absl::Status ValidateForwardForward(const Network& network) {
  const Stage& stage = network.stages[0];
  for (const Block& block : stage.blocks) {
    for (const TensorSpec& spec : block.specs) {
      if (spec.role != Role::kScale) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("ff learns by the size of what a block responds with, and the network has a block '", block.kind,
                       "' that normalises it: use simple-cnn or mlp"));
    }
  }
  if (!stage.blocks.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("ff trains blocks, and the network has none");
}

at::Tensor Goodness(const at::Tensor& h) {
  const at::Tensor squares = h.to(BeliefType(h.scalar_type())).square();
  return (squares.dim() == 4 ? squares.mean({2, 3}) : squares).sum(1);
}

at::Tensor GoodnessLoss(const at::Tensor& positive, const at::Tensor& negative, int64_t threshold) {
  return (at::softplus(threshold - positive).mean() + at::softplus(negative - threshold).mean()) / 2;
}

at::Tensor DrawLabels(const at::Tensor& images, const at::Tensor& labels, int64_t classes, bool waves) {
  if (waves) {
    const at::Tensor all = Waves(classes, images.size(2), images.size(3), images.options());
    return images + all.index_select(0, labels).unsqueeze(1);
  }
  // As bright as the image's brightest pixel.
  const at::Tensor label = at::arange(classes, labels.options()).eq(labels.unsqueeze(1)).to(images.scalar_type());
  const at::Tensor flat = images.flatten(1);
  return at::concat({label * flat.amax(1, /*keepdim=*/true), flat.slice(1, classes)}, 1).view(images.sizes());
}

std::unique_ptr<Learner> MakeForwardForwardLearner(Network network, const PeerOptions& options,
                                                   const OptimizerOptions& optimizer) {
  return std::make_unique<ForwardForward>(std::move(network), options, optimizer);
}

}  // namespace sid
