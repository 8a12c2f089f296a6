#pragma once

// PCGrad (Yu et al., "Gradient Surgery for Multi-Task Learning", 2020) for the modules' gradients by the shared features:
//
//   for each module i:   v = dz_i
//     for each other j:  if <v, dz_j> < 0:  v -= <v, dz_j> / |dz_j|^2 dz_j        what opposes dz_j is taken out
//   dz = sum of the v
//
// Vectors are over the batch and all features. Module i visits the others in the order i+1, i+2, .., 1, .., i-1 where the paper
// draws one: no module comes first for all, and two runs give the same bits. Gradients without a conflict are just summed.
//
// All v are combinations of the dz_j, so the work is done on their L x L products: O(L^2 B D + L^3) flops, and the dz_i of
// all modules in memory, [L, B, D], which the plain sum never needs.

#include <ATen/core/Tensor.h>

namespace sid {

// dz_1 .. dz_L [L, B, D] -> dz [B, D]. Nothing is read back from the device.
at::Tensor CombineByPcgrad(const at::Tensor& features_gradients);

}  // namespace sid
