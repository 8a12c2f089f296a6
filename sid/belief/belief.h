#pragma once

// A belief is a distribution over the C classes for each example of a batch, kept as its logarithm: log p [B, C].
//
//   p_0 = 1/C --f_1--> p_1 --f_2--> ... --f_L--> p_L        log p_i = log_softmax(logits_i)
//
// Why logarithms: softmax of float32 logits underflows to an exact 0 a hundred below the largest, and log 0 poisons
// every divergence; log_softmax stays finite for any finite logits. Modules take the probabilities, exp(log p), as
// their input.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sid {

// What beliefs are kept in where products are of type `compute`: bfloat16's 8 bits are too few for a logarithm.
at::ScalarType BeliefType(at::ScalarType compute);

// log p_0: log(1/C) everywhere, [batch, classes], for products of `options`' type.
at::Tensor UniformBelief(int64_t batch, int64_t classes, const at::TensorOptions& options);

// log p = log_softmax(logits), [B, C] -> [B, C], of logits of any type.
at::Tensor BeliefOf(const at::Tensor& logits);

// log y, [B, C], of BeliefType, of labels int64 [B]: y = (1-s) onehot + s/C. With s = 0 all but one entry is -infinity, which the
// forward divergence takes and the reverse one does not.
at::Tensor TargetBelief(const at::Tensor& labels, int64_t classes, double smoothing, at::ScalarType type);

}  // namespace sid
