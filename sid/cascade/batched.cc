#include "sid/cascade/batched.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/threshold_backward.h>

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

ChunkResult BatchedUpdate(BeliefChain run_chain, const Cascade& modules, Divergence divergence,
                          const at::Tensor& alphas, const StepInputs& inputs, const at::Tensor& log_q,
                          PhaseTimer& timer, const Cascade& gradients, at::Tensor& features_gradient) {
  const at::NoGradGuard no_graph;
  const ChainResult chain = run_chain(modules, divergence, alphas, inputs, log_q, timer);
  const ScopedPhase phase(timer, "local update");
  // [n, B, H] for the products batched over n: in [B, n, H] they take three times as long in bf16.
  at::Tensor dh = at::bmm(chain.logits_gradient, modules.output_weight);
  at::threshold_backward_out(dh, dh, chain.hidden.transpose(0, 1), 0);
  WeightGradients(modules, {inputs.features, chain.hidden, chain.teachers, chain.logits_gradient, dh}, gradients,
                  features_gradient);
  return {chain.losses.mean(1), chain.log_belief};
}

}  // namespace sid
