#include "sid/learner/sid_learner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/names.h"
#include "base/status.h"
#include "sid/learner/batched_sid_learner.h"
#include "sid/learner/choose_executor.h"
#include "sid/learner/sid_learner_base.h"
#include "sid/update/belief_chain.h"
#include "sid/update/serial.h"

namespace sid {
namespace {

class SerialSidLearner : public SidLearnerBase {
 public:
  SerialSidLearner(Network network, SidOptions options, Precision precision, const OptimizerOptions& optimizer)
      : SidLearnerBase(std::move(network), std::move(options), precision),
        gradients_(ZerosLike(network_)),
        optimizer_(sid::Parameters(Learning(network_)), optimizer) {}

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override {
    const Batch rounded{batch.images.to(compute_type_), batch.labels};
    const UpdateResult update = SerialUpdate(Cast(network_, compute_type_), options_, rounded, timer, gradients_);
    const ScopedPhase phase(timer, "optimizer");
    optimizer_.Step(Tensors(Learning(gradients_)), learning_rate);
    return {update.losses, update.log_belief, update.features};
  }

  std::vector<Parameter> OptimizerState() const override { return optimizer_.State(); }

 private:
  Network gradients_;
  Optimizer optimizer_;
};

}  // namespace

std::vector<std::string> ExecutorNames() { return {"auto", "serial", "batched", "cuda"}; }

absl::StatusOr<Executor> ParseExecutor(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("executor", name, ExecutorNames()));
  return static_cast<Executor>(index);
}

absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer, const Network& network) {
  if (executor.chunk < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chunk ", executor.chunk, " is negative: it is the number of modules updated at a time, 0 for all"));
  }
  if (executor.chunk > 0 && optimizer.clip_norm > 0) {
    return absl::InvalidArgumentError(
        "clipping needs the norm of all gradients, and with chunks they never exist at once: set chunk or clip_norm to "
        "0");
  }
  if (executor.executor != Executor::kCuda) return absl::OkStatus();
  const at::Tensor& weight = network.cascade.belief_weight;
  return SupportsChainKernel(weight.device(), weight.size(1), weight.size(2),
                             ComputeType(executor.precision, weight.scalar_type()));
}

std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const ExecutorOptions& executor,
                                        const OptimizerOptions& optimizer) {
  Executor chosen = executor.executor;
  if (chosen == Executor::kAuto) chosen = FastestExecutor(network, options, executor.precision, executor.chunk);
  if (chosen == Executor::kSerial) {
    return std::make_unique<SerialSidLearner>(std::move(network), options, executor.precision, optimizer);
  }
  const BeliefChain run_chain = chosen == Executor::kCuda ? ChainByKernel : ChainByOperations;
  return std::make_unique<BatchedSidLearner>(std::move(network), options, run_chain, executor.chunk, executor.precision,
                                             optimizer);
}

}  // namespace sid
