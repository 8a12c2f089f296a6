#include "baselines/learners.h"

#include <numeric>
#include <utility>

#include "base/status.h"
#include "base/text.h"
#include "baselines/decoupled_interfaces.h"
#include "baselines/direct_feedback.h"
#include "baselines/feedback_alignment.h"
#include "baselines/forward_forward.h"
#include "baselines/hsic_bottleneck.h"
#include "baselines/no_prop.h"
#include "baselines/petra.h"
#include "baselines/signal_propagation.h"

namespace sid {
namespace {

// Null for the name of another learner.
absl::StatusOr<std::unique_ptr<Learner>> MakePeer(const std::string& name, const Network& network,
                                                  const LearnerOptions& all) {
  const PeerOptions options{all.sid.smoothing, all.executor.precision, all.seed};
  if (name == "fa") {
    return MakeFeedbackAlignmentLearner(network, RandomFeedback(network, all.seed), options, all.optimizer);
  }
  if (name == "dfa") {
    return MakeDirectFeedbackLearner(network, RandomDirectFeedback(network, all.seed), options, all.optimizer);
  }
  if (name == "sigprop") return MakeSignalPropagationLearner(network, options, all.optimizer);
  if (name == "ff") {
    SID_RETURN_IF_ERROR(ValidateForwardForward(network));
    return MakeForwardForwardLearner(network, options, all.optimizer);
  }
  if (name == "noprop") {
    SID_RETURN_IF_ERROR(ValidateNoProp(network));
    return MakeNoPropLearner(network, options, all.optimizer);
  }
  if (name == "hsic") return MakeHsicBottleneckLearner(network, options, all.optimizer);
  if (name == "dni") return MakeDecoupledInterfacesLearner(network, options, all.optimizer);
  if (name == "petra") {
    SID_RETURN_IF_ERROR(ValidatePetra(network));
    return std::make_unique<PetraLearner>(network, options, all.optimizer);
  }
  return nullptr;
}

}  // namespace

const std::vector<LearnerKind>& LearnerKinds() {
  static const auto* const kKinds =
      new std::vector<LearnerKind>{{.name = "sid", .local_losses = true},
                                   {.name = "dgl", .local_losses = true, .sees_belief = false, .target_alone = true},
                                   {.name = "bp", .one_module = true, .sees_belief = false, .over_ranks = true},
                                   {.name = "bp-chain"},
                                   {.name = "bp-deep"},
                                   {.name = "bp-head", .one_module = true},
                                   {.name = "bp-chain-checkpoint"},
                                   {.name = "fa", .one_module = true, .sees_belief = false},
                                   {.name = "dfa", .one_module = true, .sees_belief = false},
                                   {.name = "sigprop", .one_module = true, .sees_belief = false},
                                   {.name = "ff", .one_module = true, .sees_belief = false},
                                   {.name = "noprop"},
                                   {.name = "hsic", .one_module = true, .sees_belief = false},
                                   {.name = "dni", .one_module = true, .sees_belief = false},
                                   {.name = "petra", .one_module = true, .sees_belief = false, .reversible = true}};
  return *kKinds;
}

std::vector<std::string> LearnerNames() {
  std::vector<std::string> names;
  for (const LearnerKind& kind : LearnerKinds()) names.push_back(kind.name);
  return names;
}

absl::StatusOr<LearnerKind> FindLearner(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("learner", name, LearnerNames()));
  return LearnerKinds()[index];
}

Partition PartitionFor(const LearnerKind& kind, const Partition& partition) {
  if (!kind.one_module) return partition;
  return {std::accumulate(partition.begin(), partition.end(), int64_t{0})};
}

absl::StatusOr<std::unique_ptr<Learner>> MakeLearner(const std::string& name, Network network,
                                                     const LearnerOptions& options) {
  SID_ASSIGN_OR_RETURN(const LearnerKind kind, FindLearner(name));
  if (kind.local_losses) {
    SidOptions sid = options.sid;
    if (kind.target_alone) sid.alphas.assign(network.depth(), 1.0);
    SID_RETURN_IF_ERROR(Validate(sid));
    SID_RETURN_IF_ERROR(Validate(sid, network));
    SID_RETURN_IF_ERROR(Validate(options.executor, options.optimizer, network));
    return MakeSidLearner(std::move(network), sid, options.executor, options.optimizer, name);
  }
  SID_ASSIGN_OR_RETURN(std::unique_ptr<Learner> peer, MakePeer(name, network, options));
  if (peer != nullptr) return peer;
  SID_ASSIGN_OR_RETURN(const Backpropagation backpropagation, ParseBackpropagation(name));
  SID_RETURN_IF_ERROR(Validate(backpropagation, network));
  return MakeBackpropagationLearner(
      backpropagation, std::move(network),
      {options.sid.smoothing, options.inner_weight, options.recompute, options.executor.precision}, options.optimizer);
}

}  // namespace sid
