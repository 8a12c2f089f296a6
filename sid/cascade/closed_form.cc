#include "sid/cascade/closed_form.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

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

void FeaturesGradient(const at::Tensor& feature_weight, const at::Tensor& dh, const at::Tensor& flat,
                      at::Tensor& gradient) {
  if (!gradient.defined()) return;
  if (gradient.dim() == 3) {
    Product(gradient, dh, feature_weight);
  } else if (flat.scalar_type() == gradient.scalar_type()) {
    gradient.addmm_(flat, feature_weight.flatten(0, 1));
  } else {
    gradient += at::mm(flat, feature_weight.flatten(0, 1));
  }
}

}  // namespace

at::Tensor FeaturesHalf(const Cascade& modules, const at::Tensor& features) {
  return at::addmm(modules.hidden_bias.flatten(), features, modules.feature_weight.flatten(0, 1).t())
      .view({features.size(0), modules.depth(), -1});
}

CascadeForward RunForward(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q) {
  const int64_t depth = modules.depth();
  CascadeForward forward{
      FeaturesHalf(modules, features), at::empty({depth + 1, log_q.size(0), log_q.size(1)}, log_q.options()), {}};
  forward.beliefs = at::empty_like(forward.log_beliefs);
  forward.log_beliefs[0].copy_(log_q);
  for (int64_t i = 0; i <= depth; ++i) {
    at::Tensor belief = forward.beliefs[i];
    at::exp_out(belief, forward.log_beliefs[i]);
    if (i == depth) break;
    at::Tensor own = forward.hidden.select(1, i), next = forward.log_beliefs[i + 1];
    if (modules.belief_input()) own.addmm_(belief.to(own.scalar_type()), modules.belief_weight[i].t());
    own.relu_();
    const at::Tensor output = at::addmm(modules.output_bias[i], own, modules.output_weight[i].t());
    const at::Tensor logits = Logits(modules.belief_update, output, forward.log_beliefs[i]);
    at::_log_softmax_out(next, logits.to(log_q.scalar_type()), -1, /*half_to_float=*/false);
  }
  return forward;
}

void WeightGradients(const Cascade& modules, const CascadeBackward& backward, const Cascade& gradients,
                     at::Tensor& features_gradient) {
  const at::Tensor &g = backward.logits_gradient, &dh = backward.hidden_gradient;
  at::Tensor output_bias = gradients.output_bias, hidden_bias = gradients.hidden_bias;
  Product(gradients.output_weight, g.transpose(1, 2), backward.hidden.transpose(0, 1));
  at::sum_out(output_bias, g, 1, /*keepdim=*/false, output_bias.scalar_type());
  if (modules.belief_input()) Product(gradients.belief_weight, dh.transpose(1, 2), backward.inputs);
  at::sum_out(hidden_bias, dh, 1, /*keepdim=*/false, hidden_bias.scalar_type());
  const at::Tensor flat = dh.transpose(0, 1).reshape({backward.features.size(0), -1});
  Product(gradients.feature_weight.flatten(0, 1), flat.t(), backward.features);
  FeaturesGradient(modules.feature_weight, dh, flat, features_gradient);
}

}  // namespace sid
