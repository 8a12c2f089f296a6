#include "sid/update/batched.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/threshold_backward.h>

namespace sid {
namespace {

struct Activations {
  at::Tensor hidden;       // [B, n, H], after the ReLU
  at::Tensor log_beliefs;  // [n+1, B, C]: module i's teacher is entry i, its belief entry i+1
  at::Tensor beliefs;      // their exponentials
};

Activations RunChain(const Cascade& modules, const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer) {
  const ScopedPhase phase(timer, "teachers");
  const int64_t depth = modules.depth(), batch = log_q.size(0), classes = log_q.size(1);
  Activations chain;
  // Bias and the features' half first, for all modules; then each module adds its belief's half in place.
  chain.hidden = at::addmm(modules.hidden_bias.flatten(), inputs.features, modules.feature_weight.flatten(0, 1).t())
                     .view({batch, depth, -1});
  chain.log_beliefs = at::empty({depth + 1, batch, classes}, log_q.options());
  chain.beliefs = at::empty_like(chain.log_beliefs);
  chain.log_beliefs[0].copy_(log_q);
  for (int64_t i = 0; i <= depth; ++i) {
    at::Tensor belief = chain.beliefs[i];
    at::exp_out(belief, chain.log_beliefs[i]);
    if (i == depth) break;
    at::Tensor hidden = chain.hidden.select(1, i), next = chain.log_beliefs[i + 1];
    hidden.addmm_(belief, modules.belief_weight[i].t()).relu_();
    at::_log_softmax_out(next, at::addmm(modules.output_bias[i], hidden, modules.output_weight[i].t()), -1,
                         /*half_to_float=*/false);
  }
  return chain;
}

// Everything of the chunk's modules at once, from g = d l / d logits [n, B, C], which is of the batch's mean already.
void Backward(const Cascade& modules, const at::Tensor& features, const Activations& chain, const at::Tensor& g,
              const Cascade& gradients, at::Tensor& features_gradient) {
  const int64_t batch = features.size(0);
  at::Tensor output_weight = gradients.output_weight, output_bias = gradients.output_bias,
             belief_weight = gradients.belief_weight, hidden_bias = gradients.hidden_bias,
             feature_weight = gradients.feature_weight.flatten(0, 1);
  at::bmm_out(output_weight, g.transpose(1, 2), chain.hidden.transpose(0, 1));
  at::sum_out(output_bias, g, 1);
  // [B, n, H] like `hidden`, so that [B, n*H] is a view of it.
  at::Tensor dh = at::empty_like(chain.hidden);
  at::threshold_backward_out(dh, at::bmm(g, modules.output_weight).transpose(0, 1), chain.hidden, 0);
  at::bmm_out(belief_weight, dh.permute({1, 2, 0}), chain.beliefs.slice(0, 0, -1));
  at::sum_out(hidden_bias, dh, 0);
  const at::Tensor flat = dh.view({batch, -1});
  at::mm_out(feature_weight, flat.t(), features);
  features_gradient.addmm_(flat, modules.feature_weight.flatten(0, 1));
}

}  // namespace

ChunkResult BatchedUpdate(const Cascade& modules, Divergence divergence, const at::Tensor& alphas,
                          const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer,
                          const Cascade& gradients, at::Tensor& features_gradient) {
  const at::NoGradGuard no_graph;
  const Activations chain = RunChain(modules, inputs, log_q, timer);
  const ScopedPhase phase(timer, "local update");
  const at::Tensor log_teachers = chain.log_beliefs.slice(0, 0, -1), log_p = chain.log_beliefs.slice(0, 1);
  const at::Tensor alpha = alphas.unsqueeze(1);
  const at::Tensor losses = LocalLoss(divergence, alpha, inputs.log_y, log_teachers, log_p).mean(1);
  const at::Tensor g =
      LogitsGradient(divergence, alpha, inputs.log_y, log_teachers, log_p).div_(static_cast<double>(log_q.size(0)));
  Backward(modules, inputs.features, chain, g, gradients, features_gradient);
  return {losses, log_p.select(0, -1)};
}

}  // namespace sid
