#pragma once

// Weights to begin with, of an earlier run (--weights): what its weights.safetensors holds, by name, into the learner's own.

#include <string>

#include "absl/status/status.h"
#include "sid/learner/learner.h"
#include "train/config.h"

namespace sid {

// Copies the tensors of the file `config.weights` over the learner's parameters, of any floating-point type. Where one does not fit nothing
// is copied: InvalidArgument names each tensor that is missing, too many or of another shape, and what the file says of its network.
absl::Status LoadWeights(const TrainConfig& config, const Learner& learner);

}  // namespace sid
