#include "baselines/backpropagation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "base/names.h"
#include "base/status.h"
#include "baselines/chain.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class BackpropagationLearner : public Learner {
 public:
  BackpropagationLearner(Backpropagation kind, Network network, double smoothing, Precision precision,
                         const OptimizerOptions& optimizer)
      : kind_(kind),
        network_(std::move(network)),
        smoothing_(smoothing),
        compute_type_(ComputeType(precision, network_.cascade.hidden_bias.scalar_type())),
        optimizer_(sid::Parameters(network_), optimizer) {
    RequireGradients(network_, true);
    CHECK(kind != Backpropagation::kHead || network_.cascade.depth() == 1);
  }

  std::string name() const override { return BackpropagationNames()[static_cast<size_t>(kind_)]; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    std::vector<at::Tensor> log_beliefs;
    at::Tensor losses, features;
    {
      const ScopedPhase phase(timer, "forward");
      log_beliefs = Forward(batch.images.to(compute_type_), &features);
      // Only what has a loss is stacked: the other beliefs would get gradients of zeros to add on the way back.
      const at::Tensor last = log_beliefs.back().unsqueeze(0);
      losses = CrossEntropy(batch.labels, kind_ == Backpropagation::kDeep ? at::stack(log_beliefs) : last).mean(1);
    }
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      gradients = torch::autograd::grad({losses.sum()}, Tensors(network_));
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
    if (kind_ != Backpropagation::kDeep) return {network_.cascade.depth()};
    std::vector<int64_t> depths;
    for (int64_t depth = 1; depth <= network_.cascade.depth(); ++depth) depths.push_back(depth);
    return depths;
  }

  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override {
    const at::NoGradGuard no_graph;
    return CrossEntropy(labels, kind_ == Backpropagation::kDeep ? log_beliefs : log_beliefs.slice(0, -1));
  }

  std::vector<Parameter> Parameters() const override { return sid::Parameters(network_); }
  std::vector<Parameter> OptimizerState() const override { return optimizer_.State(); }

 private:
  std::vector<at::Tensor> Forward(const at::Tensor& images, at::Tensor* features) const {
    const Network network = Cast(network_, compute_type_);
    *features = network.extractor.Forward(images);
    const bool checkpointed = kind_ == Backpropagation::kChainCheckpoint;
    return checkpointed ? CheckpointedChain(network.cascade, *features) : Chain(network.cascade, *features);
  }

  // -sum_c y log p of beliefs [n, B, C], [n, B].
  at::Tensor CrossEntropy(const at::Tensor& labels, const at::Tensor& log_beliefs) const {
    const at::Tensor y = TargetBelief(labels, network_.cascade.classes(), smoothing_, log_beliefs.scalar_type()).exp();
    return -(y * log_beliefs).sum(-1);
  }

  Backpropagation kind_;
  Network network_;
  double smoothing_;
  at::ScalarType compute_type_;
  Optimizer optimizer_;
};

}  // namespace

std::vector<std::string> BackpropagationNames() { return {"bp-chain", "bp-deep", "bp-head", "bp-chain-checkpoint"}; }

absl::StatusOr<Backpropagation> ParseBackpropagation(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("learner", name, BackpropagationNames()));
  return static_cast<Backpropagation>(index);
}

std::unique_ptr<Learner> MakeBackpropagationLearner(Backpropagation kind, Network network, double smoothing,
                                                    Precision precision, const OptimizerOptions& optimizer) {
  return std::make_unique<BackpropagationLearner>(kind, std::move(network), smoothing, precision, optimizer);
}

}  // namespace sid
