#include "baselines/direct_feedback.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/util/accumulate.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "base/random.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class DirectFeedback : public Peer {
 public:
  DirectFeedback(Network network, std::vector<at::Tensor> feedback, const PeerOptions& options,
                 const OptimizerOptions& optimizer)
      : Peer(std::move(network), options), feedback_(std::move(feedback)) {
    CHECK_EQ(feedback_.size(), network_.stages[0].blocks.size());
    for (at::Tensor& matrix : feedback_) matrix = matrix.to(compute_type_);
    optimizers_.emplace_back(Learning(AllTensors(network_)), optimizer);
  }

  std::string name() const override { return "dfa"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    CutPass pass;
    {
      const ScopedPhase phase(timer, "forward");
      pass = RunCut(network_, compute_type_, batch.images);
    }
    at::Tensor loss;
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      const at::AutoGradMode with_graph(true);
      loss = CrossEntropy(batch.labels, pass.top.log_belief);
      gradients = Backward(pass, batch.labels);
      Append(gradients, torch::autograd::grad({loss}, pass.top.leaves));
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizers_[0].Step(std::move(gradients), learning_rate);
    return {loss.detach().unsqueeze(0), pass.top.log_belief.detach(), pass.top.features.detach()};
  }

 private:
  std::vector<at::Tensor> Backward(const CutPass& pass, const at::Tensor& labels) const {
    const at::Tensor error = pass.top.log_belief.detach().exp() - Target(labels);
    const at::Tensor mean = (error / static_cast<double>(labels.size(0))).to(compute_type_);
    std::vector<at::Tensor> gradients;
    for (size_t b = 0; b < pass.blocks.size(); ++b) {
      const auto& [leaves, h] = pass.blocks[b];
      Append(gradients, GradientsFrom(h, leaves, at::mm(mean, feedback_[b]).view(h.sizes())));
    }
    return gradients;
  }

  std::vector<at::Tensor> feedback_;
};

}  // namespace

std::vector<at::Tensor> RandomDirectFeedback(const Network& network, uint64_t seed) {
  at::Generator generator = MakeGenerator(seed, RandomUse::kFeedback);
  std::vector<at::Tensor> feedback;
  for (const Block& block : network.stages[0].blocks) {
    const int64_t numbers = c10::multiply_integers(block.output);
    const at::Tensor matrix =
        at::empty({network.classes(), numbers}).normal_(0, 1 / std::sqrt(static_cast<double>(numbers)), generator);
    feedback.push_back(matrix.to(network.stages[0].heads.output_bias.options()));
  }
  return feedback;
}

std::unique_ptr<Learner> MakeDirectFeedbackLearner(Network network, std::vector<at::Tensor> feedback,
                                                   const PeerOptions& options, const OptimizerOptions& optimizer) {
  return std::make_unique<DirectFeedback>(std::move(network), std::move(feedback), options, optimizer);
}

}  // namespace sid
