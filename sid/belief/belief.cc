#include "sid/belief/belief.h"

#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>

#include <cmath>

namespace sid {

at::Tensor UniformBelief(int64_t batch, int64_t classes, const at::TensorOptions& options) {
  return at::full({batch, classes}, -std::log(static_cast<double>(classes)), options);
}

at::Tensor BeliefOf(const at::Tensor& logits) { return at::log_softmax(logits, -1); }

at::Tensor TargetBelief(const at::Tensor& labels, int64_t classes, double smoothing, at::ScalarType type) {
  const double other = smoothing / static_cast<double>(classes);
  const at::Tensor target = at::full({labels.size(0), classes}, std::log(other), labels.options().dtype(type));
  return target.scatter(1, labels.unsqueeze(1), std::log(1 - smoothing + other));
}

}  // namespace sid
