#pragma once

// Every learner by name. A new one is added here: its name and how it is made from a network.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/learner/learner.h"
#include "sid/learner/sid_learner.h"
#include "sid/optimizer/optimizer.h"
#include "sid/update/options.h"

namespace sid {

// "sid", "bp-chain", "bp-deep", "bp-head", "bp-chain-checkpoint".
std::vector<std::string> LearnerNames();

// The depth of the network that a learner trains when the user asks for `depth`: bp-head has one head whatever is
// asked.
int64_t LearnerDepth(const std::string& name, int64_t depth);

// Takes the initialised network, on its device and of LearnerDepth. Of `options` backpropagation uses the smoothing,
// of `executor` the precision.
absl::StatusOr<std::unique_ptr<Learner>> MakeLearner(const std::string& name, Network network,
                                                     const SidOptions& options, const ExecutorOptions& executor,
                                                     const OptimizerOptions& optimizer);

}  // namespace sid
