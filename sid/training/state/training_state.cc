#include "sid/training/state/training_state.h"

#include <ATen/core/grad_mode.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace sid {
namespace {

using TensorsByName = std::map<std::string, at::Tensor>;

TensorsByName ByName(const std::vector<Parameter>& parameters) {
  TensorsByName tensors;
  for (const Parameter& parameter : parameters) tensors[parameter.name] = parameter.tensor;
  return tensors;
}

absl::Status CheckMatch(const TensorsByName& saved, const Parameter& target) {
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

std::vector<Parameter> LearnerTensors(const Learner& learner) {
  std::vector<Parameter> tensors;
  for (const auto& [kind, parameters] :
       {std::pair("weights.", learner.Parameters()), std::pair("optimizer.", learner.OptimizerState())}) {
    for (const Parameter& parameter : parameters)
      tensors.push_back({kind + parameter.name, parameter.tensor.detach(), parameter.decays});
  }
  return tensors;
}

absl::Status CheckTensors(const std::vector<Parameter>& saved, const std::vector<Parameter>& targets) {
  const TensorsByName by_name = ByName(saved);
  for (const Parameter& target : targets) SID_RETURN_IF_ERROR(CheckMatch(by_name, target));
  return absl::OkStatus();
}

absl::Status CopyTensors(const std::vector<Parameter>& saved, const std::vector<Parameter>& targets) {
  SID_RETURN_IF_ERROR(CheckTensors(saved, targets));
  const at::NoGradGuard no_grad;
  TensorsByName by_name = ByName(saved);
  for (const Parameter& target : targets) target.tensor.copy_(by_name[target.name]);
  return absl::OkStatus();
}

}  // namespace sid
