#pragma once

// What is done to a loaded data set before training: fewer examples, a part kept for validation, wrong labels on purpose. Each takes a set and
// gives the changed one; what is drawn depends on the seed alone.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Fewer training examples, for runs that must end sooner.

// Keeps `count` of the training examples, 0 for all: of each class its share, rounded, so the total may differ from `count`
// by some. Which ones depends on the seed alone, and those of a smaller count are among those of a larger one; the order
// stays. Validation and test part stay as they are; the statistics are computed anew. Everything is on the CPU.
//
// InvalidArgument for a negative count, one above what there is, and one so small that a class would have no example.
absl::StatusOr<Dataset> KeepTrainingImages(Dataset dataset, int64_t count, uint64_t seed);

// Keeps a part of the training examples for validation: what models are chosen by, so that the test set is not.

// Moves `fraction` of the training examples, rounded class by class, to the validation part, which is empty before.
// Which ones depends on the seed alone; both parts keep the order of the files. The statistics are computed anew, from
// what remains for training. Everything is on the CPU. A fraction of 0 changes nothing.
//
// InvalidArgument for a fraction outside [0, 1), and for one above 0 that leaves a class without an example in a part.
absl::StatusOr<Dataset> SplitValidation(Dataset dataset, double fraction, uint64_t seed);

// Symmetric label noise: some training examples get a wrong class, every wrong class alike.

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
