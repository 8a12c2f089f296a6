#include "sid/learner/serial_update.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include "sid/belief/belief.h"

namespace sid {
namespace {

// log q and log p_1 .. log p_n, each [B, C]: head i's teacher is entry i-1.
std::vector<at::Tensor> ComputeTeachers(const Cascade& heads, const StepInputs& inputs, const at::Tensor& log_q,
                                        PhaseTimer& timer) {
  const ScopedPhase phase(timer, "teachers");
  const at::NoGradGuard no_grad;
  return Beliefs(heads, inputs.features, log_q);
}

// One head's mean loss; its gradients go to `gradients`, and that by z to `features_gradient` where it is defined.
at::Tensor UpdateHead(const Head& head, Divergence divergence, double alpha, const StepInputs& inputs,
                      const at::Tensor& log_q, const Head& gradients, at::Tensor features_gradient) {
  const at::AutoGradMode mode(true);
  const Head leaves = head.Leaves();
  const at::Tensor z = inputs.features.detach().requires_grad_(features_gradient.defined());
  const at::Tensor log_p = BeliefOf(leaves.Forward(log_q, z));
  const at::Tensor loss = LocalLoss(divergence, alpha, inputs.log_y, log_q, log_p).mean();
  std::vector<at::Tensor> inputs_of_loss = leaves.Weights(), targets = gradients.Weights();
  if (features_gradient.defined()) {
    inputs_of_loss.push_back(z);
    targets.push_back(features_gradient);
  }
  const std::vector<at::Tensor> gradient = torch::autograd::grad({loss}, inputs_of_loss);
  for (size_t k = 0; k < targets.size(); ++k) targets[k].copy_(gradient[k]);
  return loss.detach();
}

}  // namespace

ChunkResult SerialUpdate(const Cascade& heads, int64_t first_module, Divergence divergence,
                         const std::vector<double>& alphas, const StepInputs& inputs, const at::Tensor& log_q,
                         PhaseTimer& timer, const Cascade& gradients, const at::Tensor& features_gradients) {
  const std::vector<at::Tensor> teachers = ComputeTeachers(heads, inputs, log_q, timer);
  std::vector<at::Tensor> losses;
  for (int64_t i = 0; i < heads.depth(); ++i) {
    const ScopedPhase phase(timer, "local update", first_module + i);
    const at::Tensor by_features = features_gradients.defined() ? features_gradients[i] : at::Tensor();
    losses.push_back(UpdateHead(heads.at(i), divergence, alphas[i], inputs, teachers[i], gradients.at(i), by_features));
  }
  return {at::stack(losses), teachers.back()};
}

}  // namespace sid
