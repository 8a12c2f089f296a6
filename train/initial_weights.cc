#include "train/initial_weights.h"

#include <ATen/core/grad_mode.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/safetensors/safetensors.h"
#include "base/status.h"

namespace sid {
namespace {

std::string ShapeOf(const at::Tensor& tensor) { return absl::StrJoin(tensor.sizes(), " x "); }

// What is wrong, one by one; takes the tensors that fit out of `saved`.
std::vector<std::string> Misfits(std::map<std::string, at::Tensor> saved, const std::vector<NamedTensor>& own) {
  std::vector<std::string> misfits;
  for (const NamedTensor& parameter : own) {
    const auto found = saved.find(parameter.name);
    if (found == saved.end()) {
      misfits.push_back(absl::StrCat("it has no ", parameter.name));
      continue;
    }
    const at::Tensor tensor = found->second;
    saved.erase(found);
    if (tensor.sizes() != parameter.tensor.sizes()) {
      misfits.push_back(absl::StrCat(parameter.name, " is ", ShapeOf(tensor), ", not ", ShapeOf(parameter.tensor)));
    } else if (!tensor.is_floating_point()) {
      misfits.push_back(absl::StrCat(parameter.name, " holds no floating-point numbers"));
    }
  }
  for (const auto& [name, unused] : saved)
    misfits.push_back(absl::StrCat(absl::CHexEscape(name), " is none of this network's"));
  return misfits;
}

// ", of --learner=sid, --depth=4": what the file says that a user may have set otherwise.
std::string WhatItIsOf(const SafetensorsFile& file) {
  std::string text;
  for (const char* setting :
       {"learner", "dataset", "network", "partition", "depth", "belief_update", "feature_scale"}) {
    const auto found = file.metadata.find(setting);
    if (found != file.metadata.end()) absl::StrAppend(&text, ", --", setting, "=", absl::CHexEscape(found->second));
  }
  return text.empty() ? "" : absl::StrCat("; it was written with ", text.substr(2));
}

}  // namespace

absl::Status LoadWeights(const TrainConfig& config, const Learner& learner) {
  SID_ASSIGN_OR_RETURN(SafetensorsFile file, LoadSafetensors(config.weights));
  if (file.metadata.count("format_version") > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--weights=", config.weights,
                     " is a checkpoint, which --resume goes on from; a run's weights.safetensors is needed"));
  }
  // No tensor's shape tells these.
  const std::pair<const char*, std::string> silent[] = {{"belief_update", config.belief_update},
                                                        {"feature_scale", absl::StrCat(config.feature_scale)}};
  for (const auto& [setting, own] : silent) {
    const auto saved = file.metadata.find(setting);
    if (saved == file.metadata.end() || saved->second == own) continue;
    return absl::InvalidArgumentError(absl::StrCat("--weights=", config.weights, " are of a network of --", setting,
                                                   "=", absl::CHexEscape(saved->second), ", and this is one of ", own));
  }
  std::map<std::string, at::Tensor> saved;
  for (const NamedTensor& named : file.tensors) saved[named.name] = named.tensor;
  const std::vector<NamedTensor> own = Weights(learner);
  if (const auto misfits = Misfits(saved, own); !misfits.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--weights=", config.weights, " does not fit this network: ", absl::StrJoin(misfits, "; "), WhatItIsOf(file)));
  }
  const at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : own) parameter.tensor.copy_(saved.at(parameter.name));
  return absl::OkStatus();
}

}  // namespace sid
