#pragma once

// Fewer training examples, for runs that must end sooner.

#include <cstdint>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Keeps `count` of the training examples, 0 for all: of each class its share, rounded, so the total may differ from `count`
// by some. Which ones depends on the seed alone, and those of a smaller count are among those of a larger one; the order
// stays. Validation and test part stay as they are; the statistics are computed anew. Everything is on the CPU.
//
// InvalidArgument for a negative count, one above what there is, and one so small that a class would have no example.
absl::StatusOr<Dataset> KeepTrainingImages(Dataset dataset, int64_t count, uint64_t seed);

}  // namespace sid
