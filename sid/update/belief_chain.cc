#include "sid/update/belief_chain.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>

namespace sid {
namespace {

struct Beliefs {
  at::Tensor logarithms;     // log p_0 .. log p_n [n+1, B, C]
  at::Tensor probabilities;  // their exponentials
};

// `hidden` [B, n, H] comes with its features' half and leaves after the ReLU.
Beliefs RunModules(const Cascade& modules, const at::Tensor& log_q, const at::Tensor& hidden) {
  const int64_t depth = modules.depth();
  Beliefs beliefs{at::empty({depth + 1, log_q.size(0), log_q.size(1)}, log_q.options()), {}};
  beliefs.probabilities = at::empty_like(beliefs.logarithms);
  beliefs.logarithms[0].copy_(log_q);
  for (int64_t i = 0; i <= depth; ++i) {
    at::Tensor belief = beliefs.probabilities[i];
    at::exp_out(belief, beliefs.logarithms[i]);
    if (i == depth) break;
    at::Tensor own = hidden.select(1, i), next = beliefs.logarithms[i + 1];
    own.addmm_(belief.to(own.scalar_type()), modules.belief_weight[i].t()).relu_();
    const at::Tensor output = at::addmm(modules.output_bias[i], own, modules.output_weight[i].t());
    const at::Tensor logits = Logits(modules.belief_update, output, beliefs.logarithms[i]);
    at::_log_softmax_out(next, logits.to(log_q.scalar_type()), -1, /*half_to_float=*/false);
  }
  return beliefs;
}

}  // namespace

at::Tensor FeaturesHalf(const Cascade& modules, const at::Tensor& features) {
  return at::addmm(modules.hidden_bias.flatten(), features, modules.feature_weight.flatten(0, 1).t())
      .view({features.size(0), modules.depth(), -1});
}

ChainResult ChainByOperations(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                              const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer) {
  const at::ScalarType type = modules.hidden_bias.scalar_type();
  ChainResult result;
  Beliefs beliefs;
  {
    const ScopedPhase phase(timer, "teachers");
    result.hidden = FeaturesHalf(modules, inputs.features);
    beliefs = RunModules(modules, log_q, result.hidden);
  }
  const ScopedPhase phase(timer, "local update");
  const at::Tensor log_teachers = beliefs.logarithms.slice(0, 0, -1), log_p = beliefs.logarithms.slice(0, 1);
  const at::Tensor alpha = alphas.unsqueeze(1);
  const auto examples = static_cast<double>(log_q.size(0));
  result.teachers = beliefs.probabilities.slice(0, 0, -1).to(type);
  result.losses = LocalLoss(divergence, alpha, inputs.log_y, log_teachers, log_p);
  result.logits_gradient = LogitsGradient(divergence, alpha, inputs.log_y, log_teachers, log_p).div_(examples).to(type);
  result.log_belief = log_p.select(0, -1);
  return result;
}

}  // namespace sid
