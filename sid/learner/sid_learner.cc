#include "sid/learner/sid_learner.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <utility>

#include "sid/belief/belief.h"
#include "sid/update/serial.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

class SidLearner : public Learner {
 public:
  SidLearner(Network network, const SidOptions& options, const OptimizerOptions& optimizer)
      : network_(std::move(network)),
        gradients_(ZerosLike(network_)),
        options_(options),
        optimizer_(sid::Parameters(network_), optimizer) {
    CHECK_EQ(static_cast<int64_t>(options.alphas.size()), network_.cascade.depth());
  }

  std::string name() const override { return "sid"; }

  StepResult Step(const Batch& batch, double learning_rate, PhaseTimer& timer) override {
    UpdateResult update = SerialUpdate(network_, options_, batch, timer, gradients_);
    const ScopedPhase phase(timer, "optimizer");
    optimizer_.Step(Tensors(gradients_), learning_rate);
    return {update.losses, update.log_belief};
  }

  at::Tensor Predict(const at::Tensor& images) const override { return sid::Predict(network_, images); }

  std::vector<int64_t> LossDepths() const override {
    std::vector<int64_t> depths;
    for (int64_t depth = 1; depth <= network_.cascade.depth(); ++depth) depths.push_back(depth);
    return depths;
  }

  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override {
    const at::NoGradGuard no_grad;
    const int64_t classes = network_.cascade.classes();
    const at::Tensor log_y = TargetBelief(labels, classes, options_.smoothing, log_beliefs.scalar_type());
    at::Tensor teacher = UniformBelief(labels.size(0), classes, log_beliefs.options());
    std::vector<at::Tensor> losses;
    for (int64_t i = 0; i < log_beliefs.size(0); ++i) {
      losses.push_back(LocalLoss(options_.divergence, options_.alphas[i], log_y, teacher, log_beliefs[i]));
      teacher = log_beliefs[i];
    }
    return at::stack(losses);
  }

  std::vector<Parameter> Parameters() const override { return sid::Parameters(network_); }

 private:
  Network network_;
  Network gradients_;
  SidOptions options_;
  Optimizer optimizer_;
};

}  // namespace

std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const OptimizerOptions& optimizer) {
  return std::make_unique<SidLearner>(std::move(network), options, optimizer);
}

}  // namespace sid
