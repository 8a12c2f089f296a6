#include "baselines/feedback_alignment.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/network/initialisation.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class FeedbackAlignment : public Peer {
 public:
  FeedbackAlignment(Network network, const Network& feedback, const PeerOptions& options,
                    const OptimizerOptions& optimizer)
      : Peer(std::move(network), options), feedback_(Cast(feedback, compute_type_)) {
    CHECK(network_.stages.size() == 1 && network_.depth() == 1);
    optimizers_.emplace_back(Learning(AllTensors(network_)), optimizer);
  }

  std::string name() const override { return "fa"; }

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const at::AutoGradMode with_graph(true);
    const Network leaves = WithLeaves(network_);
    at::Tensor features, log_belief, loss;
    {
      const ScopedPhase phase(timer, "forward");
      features = Features(Cast(leaves, compute_type_).stages[0], batch.images.to(compute_type_));
      const Head back = feedback_.stages[0].heads.at(0);
      log_belief = BeliefOf(Cast(leaves.stages[0].heads, compute_type_).at(0).OutputOf({}, features, &back));
      loss = CrossEntropy(batch.labels, log_belief);
    }
    std::vector<at::Tensor> gradients;
    {
      const ScopedPhase phase(timer, "backward");
      gradients = torch::autograd::grad({loss}, Tensors(Learning(AllTensors(leaves))));
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizers_[0].Step(std::move(gradients), learning_rate);
    return {loss.detach().unsqueeze(0), log_belief.detach(), features.detach()};
  }

 private:
  at::Tensor Features(const Stage& stage, const at::Tensor& images) const {
    const Stage& back = feedback_.stages[0];
    at::Tensor h = images;
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      const Pass pass{.training = true, .write_statistics = true, .feedback = &back.tensors[b]};
      h = stage.blocks[b].forward(h, stage.tensors[b], pass);
    }
    return stage.read_out.forward(h, stage.read_out_tensors, {.training = true, .write_statistics = true});
  }

  Network feedback_;
};

}  // namespace

Network RandomFeedback(const Network& network, uint64_t seed) {
  Network feedback = CloneTo(network, at::kCPU, at::kFloat);
  Initialise(Initialisation::kKaiming, MixSeed(seed, RandomUse::kFeedback), at::Tensor(), feedback);
  return CloneTo(feedback, network.stages[0].heads.output_bias.device(), network.type());
}

std::unique_ptr<Learner> MakeFeedbackAlignmentLearner(Network network, const Network& feedback,
                                                      const PeerOptions& options, const OptimizerOptions& optimizer) {
  return std::make_unique<FeedbackAlignment>(std::move(network), feedback, options, optimizer);
}

}  // namespace sid
