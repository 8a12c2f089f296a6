#include "sid/theory/module_gradients.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

namespace sid {
namespace {

struct OneModule {
  at::Tensor features, norm, active;
};

// From g = d l_i / d logits_i [B, C], of the batch's mean loss.
OneModule Backward(const Module& module, const at::Tensor& g, const at::Tensor& log_q, const at::Tensor& features) {
  const at::Tensor hidden = at::relu(module.FirstLayer(log_q, features));  // [B, H]
  const at::Tensor active = hidden.gt(0);
  const at::Tensor dh = g.matmul(module.output_weight) * active;
  std::vector<at::Tensor> norms;
  for (const at::Tensor& gradient :
       {dh.t().matmul(log_q.exp()), dh.t().matmul(features), dh.sum(0), g.t().matmul(hidden), g.sum(0)}) {
    norms.push_back(gradient.norm());
  }
  return {dh.matmul(module.feature_weight), at::stack(norms).norm(), active.any(0).to(at::kDouble).mean()};
}

}  // namespace

ModuleGradients GradientsByModule(const Cascade& cascade, Divergence divergence, const std::vector<double>& alphas,
                                  const at::Tensor& features, const at::Tensor& log_y, const at::Tensor& log_beliefs) {
  const at::NoGradGuard no_graph;
  const auto batch = static_cast<double>(features.size(0));
  std::vector<at::Tensor> by_features, norm, active;
  for (int64_t i = 0; i < cascade.depth(); ++i) {
    const at::Tensor g = LogitsGradient(divergence, alphas.at(i), log_y, log_beliefs[i], log_beliefs[i + 1]) / batch;
    const OneModule one = Backward(cascade.at(i), g, log_beliefs[i], features);
    by_features.push_back(one.features);
    norm.push_back(one.norm);
    active.push_back(one.active);
  }
  return {at::stack(by_features), at::stack(norm), at::stack(active)};
}

Conflict CompareGradients(const at::Tensor& features_gradients) {
  const int64_t depth = features_gradients.size(0);
  const at::Tensor flat = features_gradients.flatten(1);
  const at::Tensor products = flat.matmul(flat.t()).to(at::kCPU, at::kDouble).contiguous();  // [L, L]
  const double* product = products.data_ptr<double>();
  Conflict conflict;
  for (int64_t i = 0; i < depth; ++i) conflict.norm.push_back(std::sqrt(std::max(0.0, product[i * depth + i])));
  double sum_of_cosines = 0, squared_sum = 0, sum_of_norms = 0;
  int64_t opposed = 0;
  for (int64_t i = 0; i < depth; ++i) {
    conflict.cosine.emplace_back();
    sum_of_norms += conflict.norm[i];
    for (int64_t j = 0; j < depth; ++j) {
      const double lengths = conflict.norm[i] * conflict.norm[j];
      const double cosine = lengths > 0 ? product[i * depth + j] / lengths : 0;
      conflict.cosine[i].push_back(cosine);
      squared_sum += product[i * depth + j];
      if (j <= i) continue;
      sum_of_cosines += cosine;
      conflict.lowest_cosine = i + j == 1 ? cosine : std::min(conflict.lowest_cosine, cosine);
      opposed += cosine < 0 ? 1 : 0;
    }
  }
  const double pairs = static_cast<double>(depth * (depth - 1)) / 2;
  if (depth > 1) conflict.mean_cosine = sum_of_cosines / pairs;
  if (depth > 1) conflict.opposed = static_cast<double>(opposed) / pairs;
  if (sum_of_norms > 0) conflict.agreement = std::sqrt(std::max(0.0, squared_sum)) / sum_of_norms;
  return conflict;
}

}  // namespace sid
