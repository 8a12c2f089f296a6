#pragma once

// Reversible blocks (Dinh et al. 2015; Gomez et al. 2017), in the form of RevNet-18 (Rivaud et al. 2025, PETRA). The channels of a map are two
// streams, [B, 2 c, h, w] = [x1 | x2]:
//
//   forward   y = [x2 + F(x1) | x1]           back   x1 = y2,  x2 = y1 - F(y2)           F: Block::coupling
//
// so what such a block was given need not be kept: one F finds it again and has the graph for the way back. It is exact but for rounding
// while F's weights and its normalisations' batch are those of the forward pass.

#include <ATen/core/Tensor.h>

namespace sid {

// [B, 2 c, h, w] -> views [B, c, h, w].
at::Tensor FirstStream(const at::Tensor& x);
at::Tensor SecondStream(const at::Tensor& x);

// [x2 + f | x1], where f is F(x1).
at::Tensor Couple(const at::Tensor& x, const at::Tensor& f);

// Its inverse: [y2 | y1 - f], where f is F(y2).
at::Tensor Uncouple(const at::Tensor& y, const at::Tensor& f);

}  // namespace sid
