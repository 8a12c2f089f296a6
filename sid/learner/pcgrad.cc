#include "sid/learner/pcgrad.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace sid {

at::Tensor CombineByPcgrad(const at::Tensor& features_gradients) {
  const int64_t depth = features_gradients.size(0);
  const at::Tensor flat = features_gradients.flatten(1);
  const at::Tensor products = at::mm(flat, flat.t()), squares = products.diagonal();  // [L, L], [L]
  const at::Tensor identity = at::eye(depth, flat.options());
  at::Tensor v = identity;  // row i: v of module i as a combination of the dz_j
  for (int64_t round = 1; round < depth; ++round) {
    // Row i of what is rolled belongs to module j = i + round.
    const at::Tensor along = (v * products.roll(-round, 0)).sum(1), square = squares.roll(-round, 0);
    const at::Tensor excess = at::where(along.lt(0).logical_and(square.gt(0)), along / square, at::zeros_like(along));
    v = v - excess.unsqueeze(1) * identity.roll(-round, 0);
  }
  return at::mm(v.sum(0, /*keepdim=*/true), flat).view_as(features_gradients[0]);
}

}  // namespace sid
