#include "sid/theory/conflict.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

namespace sid {

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
