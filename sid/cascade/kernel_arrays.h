#pragma once

// LibTorch's tensors as the chain's kernels read them (sid/cascade/kernel/).

#include <ATen/core/Tensor.h>
#include <cuda_bf16.h>

#include "third_party/logging/logging.h"

namespace sid {

// [n, ...]: `tensor` itself where a thread can read fours of its numbers, 16 bytes at once; else a copy, whose dimensions behind the first are
// filled up with zeros to whole fours.
at::Tensor FilledUp(const at::Tensor& tensor);

// launch.operator()<Storage, Number>() for products of this type: what a kernel reads, and what it sums in.
template <class Launch>
void ForProductsOf(at::ScalarType type, const Launch& launch) {
  if (type == at::kFloat) return launch.template operator()<float, float>();
  if (type == at::kDouble) return launch.template operator()<double, double>();
  CHECK(type == at::kBFloat16) << type;
  launch.template operator()<__nv_bfloat16, float>();
}

}  // namespace sid
