#pragma once

// The products that blocks and heads are made of, y = W * x + b. Their gradient by x may go back through other factors than W:
//
//   d l / d x = B^T * d l / d y        d l / d W and d l / d b as ever        B = `feedback`, of W's shape; undefined: B = W
//
// With B fixed and random that is feedback alignment (Lillicrap et al. 2016): the way back needs no copy of the weights.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sid {

// x [.., D], weight [H, D], bias [H] or undefined: [.., H].
at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const at::Tensor& feedback = {});

// x [B, in, h, w], weight [out, in, k, k], bias [out] or undefined.
at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                    int64_t padding, const at::Tensor& feedback = {});

}  // namespace sid
