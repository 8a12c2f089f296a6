#pragma once

// In which precision products are computed. Weights, their gradients and optimizer state, beliefs and losses are float32
// in every one of them.
//
//   fp32   float32 throughout; on a GPU without tensor cores' rounding
//   tf32   GPUs: factors of a product rounded to 10 bits of mantissa, sums in float32, on tensor cores
//   bf16   factors and results of products in bfloat16 (7 bits of mantissa, float32's range), sums in float32: weights are
//          cast once a step, activations need half the memory, and no loss scaling is needed. GPUs, and CPUs
//          with AVX512-BF16 or AMX

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

enum class Precision { kFp32, kTf32, kBf16 };

std::vector<std::string> PrecisionNames();
// InvalidArgument for another name, and for one that `device` does not have.
absl::StatusOr<Precision> ParsePrecision(const std::string& name, at::Device device);

// From here on, float32 products on GPUs are rounded to TF32, or are not. LibTorch's own default rounds convolutions only.
void UsePrecision(Precision precision);

// The type of products where the weights are of type `weights`: bfloat16, or the weights' own.
at::ScalarType ComputeType(Precision precision, at::ScalarType weights);

// Whether the device computes bf16 products in hardware; without, they work and are slower than float32.
bool HasBf16Instructions(at::Device device);

}  // namespace sid
