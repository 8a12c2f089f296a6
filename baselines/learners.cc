#include "baselines/learners.h"

#include <utility>

#include "base/names.h"
#include "base/status.h"
#include "baselines/backpropagation.h"
#include "sid/learner/sid_learner.h"

namespace sid {

std::vector<std::string> LearnerNames() {
  std::vector<std::string> names = BackpropagationNames();
  names.insert(names.begin(), "sid");
  return names;
}

int64_t LearnerDepth(const std::string& name, int64_t depth) { return name == "bp-head" ? 1 : depth; }

absl::StatusOr<std::unique_ptr<Learner>> MakeLearner(const std::string& name, Network network,
                                                     const SidOptions& options, const ExecutorOptions& executor,
                                                     const OptimizerOptions& optimizer) {
  if (name == "sid") {
    SID_RETURN_IF_ERROR(Validate(options));
    SID_RETURN_IF_ERROR(Validate(executor, optimizer, network));
    return MakeSidLearner(std::move(network), options, executor, optimizer);
  }
  const auto kind = ParseBackpropagation(name);
  if (!kind.ok()) return UnknownName("learner", name, LearnerNames());
  return MakeBackpropagationLearner(*kind, std::move(network), options.smoothing, executor.precision, optimizer);
}

}  // namespace sid
