#include "sid/cascade/belief_chain.h"

#include <ATen/TensorOperators.h>

#include "sid/cascade/closed_form.h"

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
  LossesAndGradients local =
      EvaluateLocalLosses(divergence, alphas, inputs.log_y, forward.log_beliefs, forward.beliefs);
  const auto examples = static_cast<double>(log_q.size(0));
  return {.hidden = forward.hidden,
          .teachers = forward.beliefs.slice(0, 0, -1).to(type),
          .losses = local.losses,
          .logits_gradient = local.logits_gradients.div_(examples).to(type),
          .log_belief = forward.log_beliefs.select(0, -1)};
}

}  // namespace sid
