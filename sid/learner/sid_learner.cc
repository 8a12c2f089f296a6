#include "sid/learner/sid_learner.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/stack.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sid/belief/belief.h"
#include "sid/belief/divergence.h"
#include "sid/cascade/batched.h"
#include "sid/learner/inspection.h"
#include "third_party/logging/logging.h"

namespace sid {

SidLearner::SidLearner(Network network, SidOptions options, const ExecutorOptions& executor,
                       const OptimizerOptions& optimizer, std::string name)
    : network_(std::move(network)),
      options_(std::move(options)),
      compute_type_(ComputeType(executor.precision, network_.type())),
      name_(std::move(name)) {
  CHECK_EQ(static_cast<int64_t>(options_.alphas.size()), network_.depth());
  const Stage* before = nullptr;
  for (const Stage& stage : network_.stages) {
    stages_.emplace_back(stage, options_, executor, optimizer, before);
    before = &stage;
  }
  if (executor.streams) streams_ = MakeStreams(network_.device(), stages_.size());
}

Hand SidLearner::FirstHand(const Batch& batch) const {
  return {batch.images, FirstBelief(batch), Target(batch.labels)};
}

at::Tensor SidLearner::FirstBelief(const Batch& batch) const {
  return UniformBelief(batch.labels.size(0), network_.classes(), batch.images.options().dtype(compute_type_));
}

at::Tensor SidLearner::Target(const at::Tensor& labels) const {
  return TargetBelief(labels, network_.classes(), options_.smoothing, compute_type_);
}

StepResult SidLearner::Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) {
  StageResult result{.hand = FirstHand(batch)};
  std::vector<at::Tensor> losses;
  if (options_.overlap) {
    StepFrom(0, result.hand, learning_rate, timer, losses, result);
  } else if (streams_ != nullptr) {
    const std::vector<StageResult> results = StepOnStreams(result.hand, learning_rate);
    for (const StageResult& one : results) losses.push_back(one.losses);
    result = results.back();
  } else {
    for (size_t k = 0; k < stages_.size(); ++k) {
      std::optional<ScopedPhase> phase;
      if (stages_.size() > 1) phase.emplace(timer, "stage", static_cast<int64_t>(k));
      result = stages_[k].Step(result.hand, learning_rate, timer);
      losses.push_back(result.losses);
    }
  }
  return {losses.size() == 1 ? losses[0] : at::concat(losses), result.hand.log_belief, result.features};
}

std::vector<StageResult> SidLearner::StepOnStreams(const Hand& in, const at::Tensor& learning_rate) {
  std::vector<StageResult> results;  // kept until all have ended: another stream reads them
  PhaseTimer untimed;                // phases overlap
  streams_->Mark();
  for (size_t k = 0; k < stages_.size(); ++k) {
    streams_->Run(k, [&] {
      results.push_back(stages_[k].Step(k == 0 ? in : results.back().hand, learning_rate, untimed, [&](const Hand&) {
        streams_->Mark();
        return std::vector<at::Tensor>();
      }));
    });
  }
  streams_->Join();
  return results;
}

std::vector<at::Tensor> SidLearner::StepFrom(size_t k, const Hand& in, const at::Tensor& learning_rate,
                                             PhaseTimer& timer, std::vector<at::Tensor>& losses, StageResult& last) {
  losses.emplace_back();
  StageResult result = stages_[k].Step(in, learning_rate, timer, [&](const Hand& hand) {
    return k + 1 < stages_.size() ? StepFrom(k + 1, hand, learning_rate, timer, losses, last)
                                  : std::vector<at::Tensor>();
  });
  losses[k] = result.losses;
  if (k + 1 == stages_.size()) last = result;
  return std::move(result.given_back);
}

at::Tensor SidLearner::Predict(const at::Tensor& images) const {
  const at::NoGradGuard no_grad;
  return sid::Predict(Cast(network_, compute_type_), images.to(compute_type_));
}

std::vector<int64_t> SidLearner::LossDepths() const { return AllDepths(network_.depth()); }

at::Tensor SidLearner::Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const {
  const at::NoGradGuard no_grad;
  const at::Tensor log_y = TargetBelief(labels, network_.classes(), options_.smoothing, log_beliefs.scalar_type());
  std::vector<at::Tensor> losses;
  for (size_t i = 0; i < options_.alphas.size(); ++i) {
    const auto teacher = static_cast<int64_t>(i);
    losses.push_back(
        LocalLoss(options_.divergence, options_.alphas[i], log_y, log_beliefs[teacher], log_beliefs[teacher + 1]));
  }
  return at::stack(losses);
}

std::vector<NamedTensor> SidLearner::State() const {
  std::vector<NamedTensor> state;
  for (const StageLearner& stage : stages_) {
    for (NamedTensor& tensor : stage.State()) state.push_back(std::move(tensor));
  }
  return state;
}

Inspection SidLearner::Inspect(const Batch& batch, bool gradients) const {
  return gradients ? InspectLocalLosses(network_, options_, batch) : InspectBeliefs(network_, batch);
}

absl::Status Validate(const SidOptions& options, const Network& network) {
  if (options.overlap && (network.stages.size() == 1 || !options.extractor_learns())) {
    return absl::InvalidArgumentError(
        "overlap trains a module's last block by the next module's loss too: it needs at least two modules that own "
        "blocks, as by --partition=even:2, and blocks that learn");
  }
  return absl::OkStatus();
}

absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer, const Network& network) {
  if (executor.streams && network.stages.size() == 1) {
    return absl::InvalidArgumentError(
        "streams run modules that own blocks side by side, and here one owns all: --partition=even:4 makes four");
  }
  if (executor.chunk < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chunk ", executor.chunk, " is negative: it is the number of modules updated at a time, 0 for all"));
  }
  if (executor.chunk > 0 && optimizer.clip_norm > 0) {
    return absl::InvalidArgumentError(
        "clipping needs the norm of all gradients, and with chunks they never exist at once: set chunk or clip_norm to "
        "0");
  }
  for (const Stage& stage : network.stages) {
    if (executor.executor == Executor::kBatched && !stage.heads.perceptrons()) {
      return absl::InvalidArgumentError("executor batched computes mlp heads: use auto or serial");
    }
    if (executor.executor != Executor::kCuda) continue;
    SID_RETURN_IF_ERROR(SupportsChainKernel(stage.heads, ComputeType(executor.precision, network.type())));
  }
  return absl::OkStatus();
}

std::unique_ptr<SidLearner> MakeSidLearner(Network network, const SidOptions& options, ExecutorOptions executor,
                                           const OptimizerOptions& optimizer, const std::string& name) {
  executor.executor = Resolve(executor, network);
  return std::make_unique<SidLearner>(std::move(network), options, executor, optimizer, name);
}

}  // namespace sid
