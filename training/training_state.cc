#include "training/training_state.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace sid {
namespace {

using TensorsByName = std::map<std::string, at::Tensor>;

TensorsByName ByName(const std::vector<NamedTensor>& parameters) {
  TensorsByName tensors;
  for (const NamedTensor& parameter : parameters) tensors[parameter.name] = parameter.tensor;
  return tensors;
}

absl::Status CheckMatch(const TensorsByName& saved, const NamedTensor& target) {
  const auto found = saved.find(target.name);
  if (found == saved.end()) return absl::InvalidArgumentError(absl::StrCat("has no tensor ", target.name));
  const at::Tensor& tensor = found->second;
  if (tensor.sizes() == target.tensor.sizes() && tensor.scalar_type() == target.tensor.scalar_type())
    return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("has ", target.name,
                                                 " of another shape or type: ", absl::StrJoin(tensor.sizes(), " x "),
                                                 ", expected ", absl::StrJoin(target.tensor.sizes(), " x ")));
}

}  // namespace

void BestWeights::Offer(int64_t offered_epoch, const DepthMetrics& validation, const Learner& learner) {
  const bool measured = !validation.accuracy.empty();
  if (measured && epoch > 0 && validation.accuracy.back() <= accuracy) return;
  epoch = offered_epoch;
  accuracy = measured ? validation.accuracy.back() : 0;
  weights = Weights(learner);
  for (NamedTensor& weight : weights) weight.tensor = weight.tensor.detach().clone();
}

double LearningRateScale(int64_t rollbacks) { return std::ldexp(1.0, -static_cast<int>(rollbacks)); }

absl::Status CheckNumbers(const TrainingState& state) {
  const LossSums& losses = state.losses;
  const BestWeights& best = state.best;
  const auto is_finite = [](double value) { return std::isfinite(value); };
  // More steps than fit into a lifetime, and few enough that nothing made from them overflows.
  constexpr int64_t kMost = int64_t{1} << 40;
  const std::pair<const char*, bool> rules[] = {
      {"epoch", state.epoch >= 1 && state.epoch <= kMost},
      {"step", state.step >= 0 && state.step <= kMost},
      {"rollbacks", state.rollbacks >= 0 && state.rollbacks <= kMostRollbacks},
      {"seconds", state.seconds >= 0 && is_finite(state.seconds)},
      {"losses of as many steps", losses.steps == state.step},
      {"images", losses.images >= losses.steps && losses.images <= kMost},
      {"correct images", losses.correct >= 0 && losses.correct <= losses.images},
      {"sums of losses", std::all_of(losses.sums.begin(), losses.sums.end(), is_finite)},
      {"best epoch", best.epoch >= 0 && best.epoch < state.epoch && (best.epoch > 0 || best.weights.empty())},
      {"best accuracy", best.accuracy >= 0 && best.accuracy <= 1}};
  for (const auto& [name, holds] : rules)
    if (!holds) return absl::InvalidArgumentError(absl::StrCat("its ", name, " cannot be of any training"));
  return absl::OkStatus();
}

absl::Status CheckTensors(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& targets) {
  const TensorsByName by_name = ByName(saved);
  for (const NamedTensor& target : targets) SID_RETURN_IF_ERROR(CheckMatch(by_name, target));
  return absl::OkStatus();
}

absl::Status CopyTensors(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& targets) {
  SID_RETURN_IF_ERROR(CheckTensors(saved, targets));
  const at::NoGradGuard no_grad;
  TensorsByName by_name = ByName(saved);
  for (const NamedTensor& target : targets) target.tensor.copy_(by_name[target.name]);
  return absl::OkStatus();
}

}  // namespace sid
