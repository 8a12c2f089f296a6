#include "training/watch.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace sid {

Watch::Watch(const std::vector<NamedTensor>& state, Watched watched) {
  if (watched == Watched::kLosses) return;
  for (const NamedTensor& one : state) {
    if (one.is_moment()) continue;
    tensors_.push_back(one);
    weights_.push_back(one.tensor.detach());
  }
  for (const NamedTensor& one : state) {
    if (one.role != Role::kSecondMoment) continue;
    tensors_.push_back(one);
    moments_.push_back(one.tensor.detach());
  }
}

at::Tensor Watch::Row(const StepResult& result, const at::Tensor& labels) const {
  const at::NoGradGuard no_graph;
  const at::TensorOptions options = (weights_.empty() ? result.losses : weights_[0]).options();
  const at::ScalarType type = at::typeMetaToScalarType(options.dtype());
  const at::Tensor none = at::zeros({}, options);
  std::vector<at::Tensor> row(2);
  row[0] = result.features.defined() ? at::linalg_vector_norm(result.features, 2, c10::nullopt, false, type) : none;
  row[1] = result.losses;
  const auto add = [&](const std::vector<at::Tensor>& norms) { row.insert(row.end(), norms.begin(), norms.end()); };
  if (!weights_.empty()) add(at::_foreach_norm(weights_));
  // Not the root of the sum of squares, which overflows where the moments, squares themselves, do not.
  if (!moments_.empty()) add(at::_foreach_norm(moments_, std::numeric_limits<double>::infinity()));
  row.push_back(result.log_belief.defined() ? result.log_belief.argmax(-1).eq(labels).sum(type) : none);
  for (at::Tensor& part : row) part = part.reshape({-1});
  return at::concat(row).to(type);
}

}  // namespace sid
