#pragma once

// SID behind the Learner interface: phases 1 and 2 by an executor, then one optimizer step for all weights.

#include <memory>

#include "sid/learner/learner.h"
#include "sid/optimizer/optimizer.h"
#include "sid/update/options.h"

namespace sid {

// Takes the initialised network, on its device. `options` must be valid for its depth.
std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const OptimizerOptions& optimizer);

}  // namespace sid
