#include "sid/cascade/kernel_arrays.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <vector>

#include "sid/cascade/kernel/quad.h"

namespace sid {

at::Tensor FilledUp(const at::Tensor& tensor) {
  constexpr uintptr_t kAlignment = 16;
  std::vector<int64_t> shape = tensor.sizes().vec();
  for (size_t k = 1; k < shape.size(); ++k) shape[k] = kernels::QuadsOf(static_cast<int>(shape[k])) * kernels::kQuad;
  const bool whole = tensor.sizes() == shape;
  if (whole && tensor.is_contiguous() && reinterpret_cast<uintptr_t>(tensor.data_ptr()) % kAlignment == 0)
    return tensor;
  at::Tensor result = whole ? at::empty(shape, tensor.options()) : at::zeros(shape, tensor.options());
  at::Tensor place = result;
  for (int64_t k = 1; k < tensor.dim(); ++k) place = place.narrow(k, 0, tensor.size(k));
  place.copy_(tensor);
  return result;
}

}  // namespace sid
