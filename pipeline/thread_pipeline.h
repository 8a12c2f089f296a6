#pragma once

// A pipeline on threads of one process, one a worker; the caller's is the first worker's. Of K workers, worker k has batch t - k while the
// first one has batch t, or later ones where it is slower.

#include <cstdint>
#include <memory>

#include "sid/learner/sid_learner.h"
#include "training/pipeline.h"
#include "training/watch.h"

namespace sid {

// `learner` outlives it; `workers` is from 2 to the number of its stages. What a worker throws, Begin or Drain throws.
std::unique_ptr<Pipeline> MakeThreadPipeline(SidLearner& learner, int64_t workers, Watched watched = Watched::kAll);

}  // namespace sid
