#include "sid/update/belief_chain.h"

#include <ATen/TensorOperators.h>

#include "sid/network/closed_form.h"

namespace sid {

ChainResult ChainByOperations(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                              const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer) {
  const at::ScalarType type = modules.hidden_bias.scalar_type();
  CascadeForward forward;
  {
    const ScopedPhase phase(timer, "teachers");
    forward = RunForward(modules, inputs.features, log_q);
  }
  const ScopedPhase phase(timer, "local update");
  const at::Tensor log_teachers = forward.log_beliefs.slice(0, 0, -1), log_p = forward.log_beliefs.slice(0, 1);
  const at::Tensor alpha = alphas.unsqueeze(1);
  const auto examples = static_cast<double>(log_q.size(0));
  ChainResult result{.hidden = forward.hidden, .teachers = forward.beliefs.slice(0, 0, -1).to(type)};
  result.losses = LocalLoss(divergence, alpha, inputs.log_y, log_teachers, log_p);
  result.logits_gradient = LogitsGradient(divergence, alpha, inputs.log_y, log_teachers, log_p).div_(examples).to(type);
  result.log_belief = log_p.select(0, -1);
  return result;
}

}  // namespace sid
