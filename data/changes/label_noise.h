#pragma once

// Symmetric label noise: some training examples get a wrong class, every wrong class alike.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

struct NoisyLabels {
  Dataset dataset;
  at::Tensor flipped;  // int64 [round(fraction * N)], ascending: which training examples have a wrong label
};

// Gives exactly round(fraction * N) of the N training examples, chosen by the seed, a uniformly drawn other class.
// Validation and test part stay clean; the labels handed in are not changed. Everything is on the CPU.
//
// InvalidArgument for a fraction outside [0, 1), and for noise in a set of one class.
absl::StatusOr<NoisyLabels> AddLabelNoise(Dataset dataset, double fraction, uint64_t seed);

}  // namespace sid
