#include "sid/network/reversible.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/concat.h>

namespace sid {

at::Tensor FirstStream(const at::Tensor& x) { return x.narrow(1, 0, x.size(1) / 2); }
at::Tensor SecondStream(const at::Tensor& x) { return x.narrow(1, x.size(1) / 2, x.size(1) / 2); }

at::Tensor Couple(const at::Tensor& x, const at::Tensor& f) {
  return at::concat({SecondStream(x) + f, FirstStream(x)}, 1);
}

at::Tensor Uncouple(const at::Tensor& y, const at::Tensor& f) {
  return at::concat({SecondStream(y), FirstStream(y) - f}, 1);
}

}  // namespace sid
