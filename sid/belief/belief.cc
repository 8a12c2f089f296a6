#include "sid/belief/belief.h"

#include <ATen/OpMathType.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>

#include <cmath>

namespace sid {

at::ScalarType BeliefType(at::ScalarType compute) { return at::toOpMathType(compute); }

at::Tensor UniformBelief(int64_t batch, int64_t classes, const at::TensorOptions& options) {
  const at::ScalarType type = BeliefType(c10::typeMetaToScalarType(options.dtype()));
  return at::full({batch, classes}, -std::log(static_cast<double>(classes)), options.dtype(type));
}

at::Tensor BeliefOf(const at::Tensor& logits) { return at::log_softmax(logits, -1, BeliefType(logits.scalar_type())); }

at::Tensor TargetBelief(const at::Tensor& labels, int64_t classes, double smoothing, at::ScalarType type) {
  const double other = smoothing / static_cast<double>(classes);
  const at::Tensor target =
      at::full({labels.size(0), classes}, std::log(other), labels.options().dtype(BeliefType(type)));
  return target.scatter(1, labels.unsqueeze(1), std::log(1 - smoothing + other));
}

}  // namespace sid
