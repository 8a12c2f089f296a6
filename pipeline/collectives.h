#pragma once

// What all ranks do together, each the same in the same order (c10d's Gloo; sums between GPUs of their own by NCCL).
//
//   StartSum   a ring: each rank sends 2 (n - 1) / n of the tensor's bytes, and all have the same bits
//   Broadcast  from rank 0
//
// A failure does not say whose it was; links (pipeline/link.h) to all ranks must be there, which do: RankLost.

#include <ATen/core/Tensor.h>

#include <functional>

#include "pipeline/ranks.h"

namespace sid {

// Begins to sum a contiguous tensor over all ranks, in place, while this rank computes on. What it returns waits for the sum, and alone throws.
std::function<void()> StartSum(Ranks& ranks, const at::Tensor& tensor);

void Broadcast(Ranks& ranks, const at::Tensor& tensor);

}  // namespace sid
