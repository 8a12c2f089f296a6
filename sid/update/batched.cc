#include "sid/update/batched.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/threshold_backward.h>

namespace sid {
namespace {

// out = a b, rounded on the way where the factors are of another precision than `out`.
void Product(at::Tensor out, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == out.scalar_type()) {
    at::matmul_out(out, a, b);
  } else {
    out.copy_(at::matmul(a, b));
  }
}

// Everything of the chunk's modules at once, from g = d l / d logits.
void Backward(const Cascade& modules, const at::Tensor& features, const ChainResult& chain, const Cascade& gradients,
              at::Tensor& features_gradient) {
  const at::Tensor& g = chain.logits_gradient;
  at::Tensor output_bias = gradients.output_bias, hidden_bias = gradients.hidden_bias;
  Product(gradients.output_weight, g.transpose(1, 2), chain.hidden.transpose(0, 1));
  at::sum_out(output_bias, g, 1, /*keepdim=*/false, output_bias.scalar_type());
  // [n, B, H] for the products batched over n: in [B, n, H] they take three times as long in bf16.
  at::Tensor dh = at::bmm(g, modules.output_weight);
  at::threshold_backward_out(dh, dh, chain.hidden.transpose(0, 1), 0);
  Product(gradients.belief_weight, dh.transpose(1, 2), chain.teachers);
  at::sum_out(hidden_bias, dh, 1, /*keepdim=*/false, hidden_bias.scalar_type());
  const at::Tensor flat = dh.transpose(0, 1).reshape({features.size(0), -1});
  Product(gradients.feature_weight.flatten(0, 1), flat.t(), features);
  if (!features_gradient.defined()) return;
  if (features_gradient.dim() == 3) {
    Product(features_gradient, dh, modules.feature_weight);
  } else if (flat.scalar_type() == features_gradient.scalar_type()) {
    features_gradient.addmm_(flat, modules.feature_weight.flatten(0, 1));
  } else {
    features_gradient += at::mm(flat, modules.feature_weight.flatten(0, 1));
  }
}

}  // namespace

ChunkResult BatchedUpdate(BeliefChain run_chain, const Cascade& modules, Divergence divergence,
                          const at::Tensor& alphas, const StepInputs& inputs, const at::Tensor& log_q,
                          PhaseTimer& timer, const Cascade& gradients, at::Tensor& features_gradient) {
  const at::NoGradGuard no_graph;
  const ChainResult chain = run_chain(modules, divergence, alphas, inputs, log_q, timer);
  const ScopedPhase phase(timer, "local update");
  Backward(modules, inputs.features, chain, gradients, features_gradient);
  return {chain.losses.mean(1), chain.log_belief};
}

}  // namespace sid
