#pragma once

// Keeps a part of the training examples for validation: what models are chosen by, so that the test set is not.

#include <cstdint>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

// Moves `fraction` of the training examples, rounded class by class, to the validation part, which is empty before.
// Which ones depends on the seed alone; both parts keep the order of the files. The statistics are computed anew, from
// what remains for training. Everything is on the CPU. A fraction of 0 changes nothing.
//
// InvalidArgument for a fraction outside [0, 1), and for one above 0 that leaves a class without an example in a part.
absl::StatusOr<Dataset> SplitValidation(Dataset dataset, double fraction, uint64_t seed);

}  // namespace sid
