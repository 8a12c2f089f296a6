#include "baselines/decoupled_interfaces.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "sid/network/operations.h"

namespace sid {
namespace {

// W_1, E, b_1, W_2, b_2 for h of this shape.
std::vector<NamedTensor> MakeInterface(const Shape& h, int64_t classes, const std::string& name,
                                       at::Generator& generator, const at::TensorOptions& type) {
  const bool map = h.size() == 3;
  const int64_t channels = map ? h[0] : h.back();
  const Shape product = map ? Shape{channels, channels, 3, 3} : Shape{channels, channels};
  const double deviation = std::sqrt(2 / static_cast<double>(channels * (map ? 9 : 1)));
  const auto normal = [&](const Shape& shape, double own) {
    return at::empty(shape).normal_(0, own, generator).to(type);
  };
  return {{name + ".weight_1", normal(product, deviation), Role::kFactor},
          {name + ".label_weight", normal({channels, classes}, 1), Role::kFactor},
          {name + ".bias_1", at::zeros({channels}, type), Role::kBias},
          {name + ".weight_2", at::zeros(product, type), Role::kFactor},
          {name + ".bias_2", at::zeros({channels}, type), Role::kBias}};
}

// d_b from h_b and y [B, C].
at::Tensor Synthesise(const std::vector<at::Tensor>& w, const at::Tensor& h, const at::Tensor& y) {
  const at::Tensor label = Linear(y, w[1], {});
  if (h.dim() == 4) {
    const at::Tensor hidden = Convolve(h, w[0], w[2], 1, 1) + label.unsqueeze(2).unsqueeze(3);
    return Convolve(at::relu(hidden), w[3], w[4], 1, 1);
  }
  return Linear(at::relu(Linear(h, w[0], w[2]) + (h.dim() == 3 ? label.unsqueeze(1) : label)), w[3], w[4]);
}

class DecoupledInterfaces : public Peer {
 public:
  DecoupledInterfaces(Network network, const PeerOptions& options, const OptimizerOptions& optimizer)
      : Peer(std::move(network), options) {
    at::Generator generator = MakeGenerator(options.seed, RandomUse::kLearnerWeights);
    const at::TensorOptions type = stage().heads.output_bias.options();
    for (size_t b = 0; b < stage().blocks.size(); ++b) {
      interfaces_.push_back(MakeInterface(stage().blocks[b].output, network_.classes(),
                                          absl::StrCat("interfaces.", b + 1), generator, type));
      added_.insert(added_.end(), interfaces_[b].begin(), interfaces_[b].end());
      std::vector<NamedTensor> own = BlockParameters(network_, b);
      own.insert(own.end(), interfaces_[b].begin(), interfaces_[b].end());
      optimizers_.emplace_back(own, optimizer);
    }
    optimizers_.emplace_back(TopParameters(network_), optimizer);
  }

  std::string name() const override { return "dni"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    const at::Tensor y = Target(batch.labels).to(compute_type_);
    CutPass pass;
    std::vector<std::vector<at::Tensor>> leaves;
    std::vector<at::Tensor> synthetic;
    {
      const ScopedPhase phase(timer, "forward");
      pass = RunCut(network_, compute_type_, batch.images);
      for (size_t b = 0; b < pass.blocks.size(); ++b) {
        std::vector<at::Tensor> rounded;
        leaves.emplace_back();
        for (const NamedTensor& one : interfaces_[b]) {
          leaves[b].push_back(one.tensor.detach().requires_grad_(true));
          rounded.push_back(leaves[b].back().to(compute_type_));
        }
        synthetic.push_back(Synthesise(rounded, pass.blocks[b].output.detach(), y));
      }
    }
    at::Tensor loss;
    InterfacePass back;
    {
      const ScopedPhase phase(timer, "backward");
      loss = CrossEntropy(batch.labels, pass.top.log_belief);
      back = RunBack(pass, loss, [&](size_t b, const at::Tensor&) { return synthetic[b].detach(); });
      for (size_t b = 0; b < pass.blocks.size(); ++b) {
        const at::Tensor miss = (synthetic[b] - back.targets[b]).square().mean();
        Append(back.gradients[b], torch::autograd::grad({miss}, leaves[b]));
      }
    }
    const ScopedPhase phase(timer, "optimizer");
    for (size_t b = 0; b < optimizers_.size(); ++b) optimizers_[b].Step(std::move(back.gradients[b]), learning_rate);
    return {loss.detach().unsqueeze(0), pass.top.log_belief.detach(), pass.top.features.detach()};
  }

 private:
  std::vector<std::vector<NamedTensor>> interfaces_;  // share memory with added_
};

// Splits off what came first: the gradient by what a block is given.
at::Tensor TakeFirst(std::vector<at::Tensor>& gradients) {
  at::Tensor first = std::move(gradients.front());
  gradients.erase(gradients.begin());
  return first;
}

}  // namespace

InterfacePass RunBack(const CutPass& pass, const at::Tensor& loss, const Synthesiser& synthesise) {
  const size_t blocks = pass.blocks.size();
  const auto examples = static_cast<double>(pass.top.log_belief.size(0));
  InterfacePass back;
  back.gradients.resize(blocks + 1);
  back.targets.resize(blocks);
  for (size_t b = blocks + 1; b-- > 0;) {
    std::vector<at::Tensor> wanted = b == blocks ? pass.top.leaves : pass.blocks[b].leaves;
    if (b > 0) wanted.insert(wanted.begin(), pass.inputs[b]);
    back.gradients[b] = b == blocks ? torch::autograd::grad({loss}, wanted)
                                    : torch::autograd::grad({pass.blocks[b].output}, wanted,
                                                            {synthesise(b, pass.blocks[b].output.detach()) / examples});
    if (b > 0) back.targets[b - 1] = TakeFirst(back.gradients[b]) * examples;
  }
  return back;
}

std::unique_ptr<Learner> MakeDecoupledInterfacesLearner(Network network, const PeerOptions& options,
                                                        const OptimizerOptions& optimizer) {
  return std::make_unique<DecoupledInterfaces>(std::move(network), options, optimizer);
}

}  // namespace sid
