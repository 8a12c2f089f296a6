#include "sid/learner/sid_learner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/names.h"
#include "sid/learner/batched_sid_learner.h"
#include "sid/learner/sid_learner_base.h"
#include "sid/update/serial.h"

namespace sid {
namespace {

class SerialSidLearner : public SidLearnerBase {
 public:
  SerialSidLearner(Network network, SidOptions options, const OptimizerOptions& optimizer)
      : SidLearnerBase(std::move(network), std::move(options)),
        gradients_(ZerosLike(network_)),
        optimizer_(sid::Parameters(network_), optimizer) {}

  StepResult Step(const Batch& batch, double learning_rate, PhaseTimer& timer) override {
    const UpdateResult update = SerialUpdate(network_, options_, batch, timer, gradients_);
    const ScopedPhase phase(timer, "optimizer");
    optimizer_.Step(Tensors(gradients_), learning_rate);
    return {update.losses, update.log_belief};
  }

 private:
  Network gradients_;
  Optimizer optimizer_;
};

}  // namespace

std::vector<std::string> ExecutorNames() { return {"auto", "serial", "batched"}; }

absl::StatusOr<Executor> ParseExecutor(const std::string& name) {
  if (name == "serial") return Executor::kSerial;
  if (name == "batched" || name == "auto") return Executor::kBatched;
  return UnknownName("executor", name, ExecutorNames());
}

absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer) {
  if (executor.chunk < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chunk ", executor.chunk, " is negative: it is the number of modules updated at a time, 0 for all"));
  }
  if (executor.chunk > 0 && optimizer.clip_norm > 0) {
    return absl::InvalidArgumentError(
        "clipping needs the norm of all gradients, and with chunks they never exist at once: set chunk or clip_norm to "
        "0");
  }
  return absl::OkStatus();
}

std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const ExecutorOptions& executor,
                                        const OptimizerOptions& optimizer) {
  if (executor.executor == Executor::kSerial) {
    return std::make_unique<SerialSidLearner>(std::move(network), options, optimizer);
  }
  return std::make_unique<BatchedSidLearner>(std::move(network), options, executor.chunk, optimizer);
}

}  // namespace sid
