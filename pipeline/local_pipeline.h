#pragma once

// A pipeline within one process. Of K workers, worker k has batch t - k while the first one has batch t.
//
//   on threads   one a worker; the caller's is the first worker's
//   in one       a tick: the last worker's step, then that of the one before ...; the first one's begins batch t

#include <cstdint>
#include <memory>

#include "sid/learner/sid_learner.h"
#include "training/pipeline.h"

namespace sid {

// `learner` outlives it; `workers` is from 2 to the number of its stages. What a worker throws, Begin or Drain throws.
std::unique_ptr<Pipeline> MakeThreadPipeline(SidLearner& learner, int64_t workers);
std::unique_ptr<Pipeline> MakeOneThreadPipeline(SidLearner& learner, int64_t workers);

}  // namespace sid
