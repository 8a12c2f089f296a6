#include "baselines/backpropagation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "baselines/chain.h"
#include "baselines/recompute.h"
#include "sid/belief/belief.h"
#include "sid/learner/inspection.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class GraphOfAll : public BackpropagationLearner {
 public:
  GraphOfAll(Backpropagation kind, Network network, const BackpropagationOptions& options,
             const OptimizerOptions& optimizer)
      : kind_(kind),
        options_(options),
        network_(std::move(network)),
        compute_type_(ComputeType(options.precision, network_.type())),
        optimizer_(Learning(AllTensors(network_)), optimizer) {
    CHECK(Validate(kind, network_).ok());
  }

  std::string name() const override { return BackpropagationNames()[static_cast<size_t>(kind_)]; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    const Network leaves = WithLeaves(network_), rounded = Cast(leaves, compute_type_);
    std::vector<at::Tensor> log_beliefs;
    at::Tensor losses, features;
    {
      const ScopedPhase phase(timer, "forward");
      log_beliefs = Forward(rounded, batch.images.to(compute_type_), &features);
      // Only what has a loss is stacked: the other beliefs would get gradients of zeros to add on the way back.
      const at::Tensor last = log_beliefs.back().unsqueeze(0);
      losses = CrossEntropy(batch.labels, is_deep() ? at::stack(log_beliefs) : last, options_.smoothing).mean(1);
    }
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      gradients = torch::autograd::grad({WeightedSum(losses)}, Tensors(Learning(AllTensors(leaves))));
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizer_.Step(std::move(gradients), learning_rate);
    return {losses.detach(), log_beliefs.back().detach(), features.detach()};
  }

  at::Tensor Predict(const at::Tensor& images) const override {
    const at::NoGradGuard no_graph;
    return sid::Predict(Cast(network_, compute_type_), images.to(compute_type_));
  }

  std::vector<int64_t> LossDepths() const override {
    return is_deep() ? AllDepths(network_.depth()) : std::vector<int64_t>{network_.depth()};
  }

  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override {
    const at::NoGradGuard no_graph;
    return CrossEntropy(labels, log_beliefs.slice(0, is_deep() ? 1 : -1), options_.smoothing);
  }

  std::vector<NamedTensor> State() const override {
    std::vector<NamedTensor> state = AllTensors(network_);
    for (NamedTensor& tensor : optimizer_.State()) state.push_back(std::move(tensor));
    return state;
  }

  Inspection Inspect(const Batch& batch, bool gradients) const override { return InspectBeliefs(network_, batch); }

  const Network& network() const override { return network_; }
  const Optimizer& optimizer() const override { return optimizer_; }
  const BackpropagationOptions& options() const override { return options_; }

 private:
  bool is_deep() const { return kind_ == Backpropagation::kDeep; }

  // log p_1 .. log p_L, each [B, C], and the z of the last heads.
  std::vector<at::Tensor> Forward(const Network& network, const at::Tensor& images, at::Tensor* features) const {
    constexpr Pass kPass{.training = true, .write_statistics = true};
    at::Tensor h = images;
    std::vector<at::Tensor> log_beliefs{UniformBelief(images.size(0), network.classes(), images.options())};
    for (const Stage& stage : network.stages) {
      const BodyResult body = (options_.recompute ? RunBodyRecomputing : RunBody)(stage, h, kPass);
      for (at::Tensor& log_p : Chain(stage.heads, body.features, log_beliefs.back())) {
        log_beliefs.push_back(std::move(log_p));
      }
      h = body.output;
      *features = body.features;
    }
    log_beliefs.erase(log_beliefs.begin());
    return log_beliefs;
  }

  std::vector<at::Tensor> Chain(const Cascade& heads, const at::Tensor& features, const at::Tensor& log_q) const {
    // The closed forms begin at p_0.
    if (network_.stages.size() == 1 && heads.perceptrons() && heads.belief_input()) {
      return kind_ == Backpropagation::kChainCheckpoint ? CheckpointedChain(heads, features)
                                                        : sid::Chain(heads, features);
    }
    std::vector<at::Tensor> log_beliefs = Beliefs(heads, features, log_q);
    log_beliefs.erase(log_beliefs.begin());
    return log_beliefs;
  }

  at::Tensor WeightedSum(const at::Tensor& losses) const {
    if (options_.inner_weight == 1) return losses.sum();
    return options_.inner_weight * losses.slice(0, 0, -1).sum() + losses[-1];
  }

  Backpropagation kind_;
  BackpropagationOptions options_;
  Network network_;
  at::ScalarType compute_type_;
  Optimizer optimizer_;
};

}  // namespace

std::vector<std::string> BackpropagationNames() {
  return {"bp", "bp-chain", "bp-deep", "bp-head", "bp-chain-checkpoint"};
}

absl::StatusOr<Backpropagation> ParseBackpropagation(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("learner", name, BackpropagationNames()));
  return static_cast<Backpropagation>(index);
}

absl::Status Validate(Backpropagation kind, const Network& network) {
  const std::string name = BackpropagationNames()[static_cast<size_t>(kind)];
  const bool one = kind == Backpropagation::kBp || kind == Backpropagation::kHead;
  const bool chain = kind == Backpropagation::kChain || kind == Backpropagation::kChainCheckpoint;
  const int64_t depth = network.depth();
  if (one && depth != 1) {
    return absl::InvalidArgumentError(absl::StrCat(name, " trains one head, and the network has ", depth));
  }
  const Cascade& heads = network.stages[0].heads;
  if (chain && depth > 1 && !heads.belief_input() && heads.belief_update == BeliefUpdate::kReplace) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " trains all heads through the beliefs, and these heads see none: use bp or bp-deep, or --belief_input"));
  }
  return absl::OkStatus();
}

at::Tensor CrossEntropy(const at::Tensor& labels, const at::Tensor& log_beliefs, double smoothing) {
  const at::Tensor y = TargetBelief(labels, log_beliefs.size(-1), smoothing, log_beliefs.scalar_type()).exp();
  return -(y * log_beliefs).sum(-1);
}

std::unique_ptr<BackpropagationLearner> MakeBackpropagationLearner(Backpropagation kind, Network network,
                                                                   const BackpropagationOptions& options,
                                                                   const OptimizerOptions& optimizer) {
  return std::make_unique<GraphOfAll>(kind, std::move(network), options, optimizer);
}

}  // namespace sid
