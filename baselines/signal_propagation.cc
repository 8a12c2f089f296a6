#include "baselines/signal_propagation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class SignalPropagation : public Peer {
 public:
  SignalPropagation(Network network, const PeerOptions& options, const OptimizerOptions& optimizer)
      : Peer(std::move(network), options, /*head=*/false) {
    CHECK(network_.stages.size() == 1 && !stage().blocks.empty());
    MakeProjection();
    for (size_t b = 0; b < stage().blocks.size(); ++b) {
      std::vector<NamedTensor> own = BlockParameters(network_, b);
      if (b == 0) own.insert(own.end(), added_.begin(), added_.end());
      optimizers_.emplace_back(own, optimizer);
    }
  }

  std::string name() const override { return "sigprop"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    std::vector<at::Tensor> losses;
    at::Tensor h = batch.images.to(compute_type_), t, log_belief;
    for (size_t b = 0; b < stage().blocks.size(); ++b) {
      std::vector<at::Tensor> leaves, gradients;
      at::Tensor loss;
      {
        const ScopedPhase phase(timer, "forward");
        BlockPass pass = RunBlock(network_, b, compute_type_, b == 0 ? h : at::concat({h, t}));
        leaves = std::move(pass.leaves);
        if (b == 0) {
          for (const NamedTensor& one : added_) leaves.push_back(one.tensor.detach().requires_grad_(true));
          h = pass.output;
          t = Signal(*(leaves.end() - 2), leaves.back());
        } else {
          t = pass.output.slice(0, h.size(0));
          h = pass.output.slice(0, 0, h.size(0));
        }
        log_belief = BeliefOf(Agreement(h, t));
        loss = CrossEntropy(batch.labels, log_belief);
        losses.push_back(loss.detach());
      }
      {
        const ScopedPhase phase(timer, "backward");
        gradients = torch::autograd::grad({loss}, leaves);
      }
      h = h.detach();
      t = t.detach();
      const ScopedPhase phase(timer, "optimizer");
      optimizers_[b].Step(std::move(gradients), learning_rate);
    }
    return {at::stack(losses).mean().view({1}), log_belief.detach(), h};
  }

  at::Tensor Predict(const at::Tensor& images) const override {
    const at::NoGradGuard no_graph;
    const Stage rounded = CastBody(stage(), compute_type_);
    const auto forward = [&](size_t b, const at::Tensor& x) {
      return rounded.blocks[b].forward(x, rounded.tensors[b], {});
    };
    at::Tensor h = forward(0, images.to(compute_type_)), t = Signal(added_[0].tensor, added_[1].tensor);
    for (size_t b = 1; b < rounded.blocks.size(); ++b) {
      h = forward(b, h);
      t = forward(b, t);
    }
    const at::Tensor log_q = UniformBelief(images.size(0), network_.classes(), h.options());
    return at::stack({log_q, BeliefOf(Agreement(h, t))});
  }

 private:
  // Of S: as the paper's, a linear layer of the class's one-hot vector, so that its columns are the classes.
  void MakeProjection() {
    const at::TensorOptions type = network_.stages[0].heads.output_bias.options();
    const int64_t numbers = c10::multiply_integers(stage().blocks[0].output), classes = network_.classes();
    at::Generator generator = MakeGenerator(options_.seed, RandomUse::kLearnerWeights);
    const at::Tensor weight = at::empty({classes, numbers}).normal_(0, std::sqrt(2.0), generator);
    added_ = {{"signal.weight", weight.to(type), Role::kFactor},
              {"signal.bias", at::zeros({numbers}, type), Role::kBias}};
  }

  // t_1 [C, shape of h_1].
  at::Tensor Signal(const at::Tensor& weight, const at::Tensor& bias) const {
    std::vector<int64_t> shape = stage().blocks[0].output;
    shape.insert(shape.begin(), network_.classes());
    return at::relu((weight + bias).to(compute_type_)).view(shape);
  }
};

}  // namespace

at::Tensor Agreement(const at::Tensor& h, const at::Tensor& classes) {
  const int64_t channels = h.dim() == 3 ? h.size(2) : h.size(1);
  const auto positions = static_cast<double>(h.numel() / (h.size(0) * channels));
  return at::mm(h.flatten(1), classes.flatten(1).t()) / positions;
}

std::unique_ptr<Learner> MakeSignalPropagationLearner(Network network, const PeerOptions& options,
                                                      const OptimizerOptions& optimizer) {
  return std::make_unique<SignalPropagation>(std::move(network), options, optimizer);
}

}  // namespace sid
