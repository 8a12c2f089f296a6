#include "baselines/hsic_bottleneck.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_inv_ex.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>
#include <utility>

#include "sid/belief/belief.h"

namespace sid {
namespace {

constexpr double kBeta = 500, kSigma = 5, kRegularisation = 1e-5, kLeastVariance = 1e-5;

// u [B, D] of h: [B, D], maps [B, D, height, width] or tokens [B, tokens, D].
at::Tensor KernelFeatures(const at::Tensor& h) {
  const at::Tensor all = h.to(BeliefType(h.scalar_type()));
  const at::Tensor u = all.dim() == 4 ? all.mean({2, 3}) : all.dim() == 3 ? all.mean(1) : all;
  const at::Tensor centred = u - u.mean(0);
  return centred * (centred.square().mean(0) + kLeastVariance).rsqrt();
}

class HsicBottleneck : public Peer {
 public:
  HsicBottleneck(Network network, const PeerOptions& options, const OptimizerOptions& optimizer)
      : Peer(std::move(network), options) {
    for (size_t b = 0; b < stage().blocks.size(); ++b)
      optimizers_.emplace_back(BlockParameters(network_, b), optimizer);
    optimizers_.emplace_back(TopParameters(network_), optimizer);
  }

  std::string name() const override { return "hsic"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    at::Tensor x, y;
    {
      const ScopedPhase phase(timer, "forward");
      x = NormalisedKernel(CentredKernel(batch.images));
      y = NormalisedKernel(CentredKernel(Target(batch.labels)));
    }
    at::Tensor h = batch.images.to(compute_type_);
    for (size_t b = 0; b < stage().blocks.size(); ++b) {
      BlockPass pass;
      {
        const ScopedPhase phase(timer, "forward");
        pass = RunBlock(network_, b, compute_type_, h);
      }
      std::vector<at::Tensor> gradients;
      {
        const ScopedPhase phase(timer, "backward");
        const at::Tensor own = NormalisedKernel(CentredKernel(KernelFeatures(pass.output)));
        const at::Tensor loss = NormalisedHsic(own, x) - kBeta * NormalisedHsic(own, y);
        gradients = torch::autograd::grad({loss}, pass.leaves);
      }
      h = pass.output.detach();
      const ScopedPhase phase(timer, "optimizer");
      optimizers_[b].Step(std::move(gradients), learning_rate);
    }
    return StepReadOut(batch.labels, h, learning_rate, timer);
  }

 private:
  StepResult StepReadOut(const at::Tensor& labels, const at::Tensor& h, const at::Tensor& learning_rate,
                         PhaseTimer& timer) {
    TopPass top;
    at::Tensor loss;
    {
      const ScopedPhase phase(timer, "forward");
      top = RunTop(network_, compute_type_, h);
      loss = CrossEntropy(labels, top.log_belief);
    }
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      gradients = torch::autograd::grad({loss}, top.leaves);
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizers_.back().Step(std::move(gradients), learning_rate);
    return {loss.detach().unsqueeze(0), top.log_belief.detach(), top.features.detach()};
  }
};

}  // namespace

at::Tensor CentredKernel(const at::Tensor& u) {
  const at::Tensor rows = u.flatten(1).to(BeliefType(u.scalar_type()));
  const at::Tensor squares = rows.square().sum(1);
  const at::Tensor distances = (squares.unsqueeze(1) + squares.unsqueeze(0) - 2 * at::mm(rows, rows.t())).clamp_min(0);
  const at::Tensor kernel = (distances / (-2 * kSigma * kSigma * static_cast<double>(rows.size(1)))).exp();
  return kernel - kernel.mean(1, /*keepdim=*/true);
}

at::Tensor Hsic(const at::Tensor& u, const at::Tensor& v) {
  const auto others = static_cast<double>(u.size(0) - 1);
  return (CentredKernel(u) * CentredKernel(v).t()).sum() / (others * others);
}

at::Tensor NormalisedKernel(const at::Tensor& centred) {
  const int64_t size = centred.size(0);
  const at::Tensor regular = centred + kRegularisation * static_cast<double>(size) * at::eye(size, centred.options());
  // Its check of errors would wait for the device.
  return at::mm(centred, std::get<0>(at::linalg_inv_ex(regular)));
}

at::Tensor NormalisedHsic(const at::Tensor& r_u, const at::Tensor& r_v) { return (r_u * r_v.t()).sum(); }

std::unique_ptr<Learner> MakeHsicBottleneckLearner(Network network, const PeerOptions& options,
                                                   const OptimizerOptions& optimizer) {
  return std::make_unique<HsicBottleneck>(std::move(network), options, optimizer);
}

}  // namespace sid
