#pragma once

// SID behind the Learner interface: one stage after the other, each of which takes the features and the belief of the one before,
// updates itself and hands on.
//
//   x --stage 1--> h_1, p --stage 2--> h_2, p --> ...          forward, backward, update, free: one stage before the next
//
// On the paper's network, one stage, it is the paper's algorithm. With alpha = 1 and heads without belief input it is decoupled
// greedy learning (Belilovsky et al. 2020): `dgl`.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/machine/streams.h"
#include "sid/learner/learner.h"
#include "sid/learner/options.h"
#include "sid/learner/stage_learner.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

// That the numbers are in range and belong together: clipping needs the norm of all gradients of a stage, of which chunks have a
// part; batched needs mlp heads, cuda a GPU with room for them.
absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer, const Network& network);

// That the network has what the update needs.
absl::Status Validate(const SidOptions& options, const Network& network);

class SidLearner : public Learner {
 public:
  // As MakeSidLearner, with an executor that is not auto.
  SidLearner(Network network, SidOptions options, const ExecutorOptions& executor, const OptimizerOptions& optimizer,
             std::string name);

  using Learner::Step;
  std::string name() const override { return name_; }
  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override;
  at::Tensor Predict(const at::Tensor& images) const override;
  std::vector<int64_t> LossDepths() const override;
  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override;
  std::vector<NamedTensor> State() const override;
  Inspection Inspect(const Batch& batch, bool gradients) const override;

  // For who runs the stages side by side (pipeline/): they share nothing but the hands, the first of which this makes of a batch, with the
  // target that all of them have.
  const Network& network() const { return network_; }
  std::vector<StageLearner>& stages() { return stages_; }
  Hand FirstHand(const Batch& batch) const;
  at::Tensor FirstBelief(const Batch& batch) const;   // log p_0 [B, C]
  at::Tensor Target(const at::Tensor& labels) const;  // log y [B, C]

 private:
  // One stage after the other, each of which begins when the one before has handed on.
  std::vector<StageResult> StepOnStreams(const Hand& in, const at::Tensor& learning_rate);
  // With overlap: the step of stage k on `in` with those of all stages behind it, whose results it adds. What stage k gives back.
  std::vector<at::Tensor> StepFrom(size_t k, const Hand& in, const at::Tensor& learning_rate, PhaseTimer& timer,
                                   std::vector<at::Tensor>& losses, StageResult& last);

  Network network_;
  SidOptions options_;
  at::ScalarType compute_type_;
  std::string name_;
  std::vector<StageLearner> stages_;
  std::unique_ptr<Streams> streams_;  // of stages side by side; may be null
};

// Takes the initialised network, on its device. All options must be valid, `options` for the network's depth. `name` as --learner has
// it.
std::unique_ptr<SidLearner> MakeSidLearner(Network network, const SidOptions& options, ExecutorOptions executor,
                                           const OptimizerOptions& optimizer, const std::string& name = "sid");

}  // namespace sid
