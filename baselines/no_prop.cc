#include "baselines/no_prop.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "base/noise.h"
#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/learner/inspection.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr double kOffset = 0.008;  // s (Nichol and Dhariwal 2021)

class NoProp : public Peer {
 public:
  NoProp(Network network, const PeerOptions& options, const OptimizerOptions& optimizer, double noise)
      : Peer(std::move(network), options),
        noise_(noise),
        schedule_(network_.depth()),
        steps_(at::zeros({}, stage().heads.output_bias.options().dtype(at::kLong))) {
    CHECK(ValidateNoProp(network_).ok());
    added_ = {{"steps", steps_, Role::kMoment}};
    for (const Stage& stage : network_.stages) optimizers_.emplace_back(Learning(AllTensors(stage)), optimizer);
  }

  std::string name() const override { return "noprop"; }

  std::vector<int64_t> LossDepths() const override { return AllDepths(network_.depth()); }

  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override {
    const at::NoGradGuard no_graph;
    return SquaredError(log_beliefs.slice(0, 1), Target(labels));
  }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    const at::Tensor target = Target(batch.labels);
    std::vector<at::Tensor> losses;
    StepResult result;
    at::Tensor h = batch.images.to(compute_type_);
    for (size_t k = 0; k < network_.stages.size(); ++k) {
      const Network leaves = WithLeaves(Network{{network_.stages[k]}});
      std::vector<at::Tensor> own;
      {
        const ScopedPhase phase(timer, "forward");
        const Stage rounded = Cast(leaves, compute_type_).stages[0];
        const BodyResult body = RunBody(rounded, h, {.training = true, .write_statistics = true});
        for (int64_t i = 0; i < rounded.heads.depth(); ++i) {
          const at::Tensor noised = Noised(target, rounded.first_module + i);
          const at::Tensor log_p = BeliefOf(rounded.heads.at(i).OutputOf(noised, body.features));
          own.push_back(SquaredError(log_p, target).mean());
          result.log_belief = log_p.detach();
        }
        h = body.output.detach();
        result.features = body.features.detach();
      }
      std::vector<at::Tensor> gradients;
      {
        const ScopedPhase phase(timer, "backward");
        gradients = torch::autograd::grad({at::stack(own).sum()}, Tensors(Learning(AllTensors(leaves))));
      }
      for (const at::Tensor& loss : own) losses.push_back(loss.detach());
      const ScopedPhase phase(timer, "optimizer");
      optimizers_[k].Step(std::move(gradients), learning_rate);
    }
    steps_.add_(1);
    result.losses = at::stack(losses);
    return result;
  }

  at::Tensor Predict(const at::Tensor& images) const override {
    const at::NoGradGuard no_graph;
    const Network rounded = Cast(network_, compute_type_);
    std::vector<at::Tensor> log_beliefs{
        UniformBelief(images.size(0), network_.classes(), images.options().dtype(compute_type_))};
    at::Tensor h = images.to(compute_type_), z = InferenceNoise(log_beliefs[0], 0);
    for (const Stage& stage : rounded.stages) {
      const BodyResult body = RunBody(stage, h, {});
      for (int64_t i = 0; i < stage.heads.depth(); ++i) {
        const int64_t t = stage.first_module + i + 1;
        log_beliefs.push_back(BeliefOf(stage.heads.at(i).OutputOf(z, body.features)));
        z = schedule_.a(t) * log_beliefs.back().exp() + schedule_.b(t) * z +
            std::sqrt(schedule_.c(t)) * InferenceNoise(z, t);
      }
      h = body.output;
    }
    return at::stack(log_beliefs);
  }

  Inspection Inspect(const Batch& batch, bool gradients) const override {
    Inspection inspection = InspectBeliefs(network_, batch);
    inspection.log_beliefs = Predict(batch.images);
    return inspection;
  }

 private:
  static at::Tensor SquaredError(const at::Tensor& log_p, const at::Tensor& target) {
    return (log_p.exp() - target).square().sum(-1);
  }

  // z_t of module t's input, counted from 0.
  at::Tensor Noised(const at::Tensor& target, int64_t t) const {
    const double signal = schedule_.signal[t];
    const uint64_t key = MixSeed(options_.seed, RandomUse::kDenoising, {0, static_cast<uint64_t>(t)});
    const at::Tensor noise = NormalNoise(key, steps_, target.sizes());
    return std::sqrt(signal) * target + noise_ * std::sqrt(1 - signal) * noise.to(target.scalar_type());
  }

  at::Tensor InferenceNoise(const at::Tensor& like, int64_t t) const {
    const uint64_t key = MixSeed(options_.seed, RandomUse::kDenoising, {1, static_cast<uint64_t>(t)});
    const at::Tensor no_step = at::zeros({}, like.options().dtype(at::kLong));
    return noise_ * NormalNoise(key, no_step, like.sizes()).to(like.scalar_type());
  }

  double noise_;
  DenoisingSchedule schedule_;
  at::Tensor steps_;  // int64, scalar, on the device: taken so far
};

}  // namespace

DenoisingSchedule::DenoisingSchedule(int64_t steps) {
  for (int64_t t = 0; t <= steps; ++t) {
    const double left = 1 - static_cast<double>(t) / static_cast<double>(steps);
    signal.push_back(std::pow(std::cos(std::numbers::pi / 2 * (left + kOffset) / (1 + kOffset)), 2));
  }
  signal[0] = 0;  // but for rounding
}

double DenoisingSchedule::a(int64_t t) const {
  return std::sqrt(signal[t]) * (1 - signal[t - 1] / signal[t]) / (1 - signal[t - 1]);
}
double DenoisingSchedule::b(int64_t t) const {
  return std::sqrt(signal[t - 1] / signal[t]) * (1 - signal[t]) / (1 - signal[t - 1]);
}
double DenoisingSchedule::c(int64_t t) const {
  return (1 - signal[t]) * (1 - signal[t - 1] / signal[t]) / (1 - signal[t - 1]);
}

absl::Status ValidateNoProp(const Network& network) {
  for (const Stage& stage : network.stages) {
    if (stage.heads.belief_input() && stage.heads.belief_update == BeliefUpdate::kReplace) continue;
    return absl::InvalidArgumentError(
        "noprop gives heads a noised label where they see the belief: use --belief_input and --belief_update=replace");
  }
  return absl::OkStatus();
}

std::unique_ptr<Learner> MakeNoPropLearner(Network network, const PeerOptions& options,
                                           const OptimizerOptions& optimizer, double noise) {
  return std::make_unique<NoProp>(std::move(network), options, optimizer, noise);
}

}  // namespace sid
