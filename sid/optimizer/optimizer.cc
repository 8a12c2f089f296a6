#include "sid/optimizer/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "base/status.h"
#include "base/text.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// The fused kernels walk memory, not indices: a gradient must lie as its parameter does.
at::Tensor LaidOutAs(const at::Tensor& parameter, at::Tensor gradient) {
  if (gradient.strides() == parameter.strides()) return gradient;
  return at::empty_like(parameter).copy_(gradient);
}

void ClipByNorm(std::vector<at::Tensor>& gradients, double clip_norm, const at::Tensor& norm) {
  // On the device: reading the norm would make the host wait.
  at::_foreach_mul_(gradients, (clip_norm / (norm + 1e-6)).clamp_max(1));
}

}  // namespace

at::Tensor LearningRateOn(at::Device device, double learning_rate) {
  return at::full({}, learning_rate, at::TensorOptions(device).dtype(device.is_cuda() ? at::kFloat : at::kDouble));
}

at::Tensor NormOf(const std::vector<at::Tensor>& gradients) { return at::stack(at::_foreach_norm(gradients)).norm(); }

std::vector<std::string> OptimizerNames() { return {"adam", "adamw", "sgd"}; }

absl::StatusOr<OptimizerRule> ParseOptimizer(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("optimizer", name, OptimizerNames()));
  return static_cast<OptimizerRule>(index);
}

Optimizer::Optimizer(const std::vector<NamedTensor>& parameters, const OptimizerOptions& options) : options_(options) {
  groups_.resize(2);
  groups_[0].weight_decay = options.weight_decay;
  for (size_t place = 0; place < parameters.size(); ++place) {
    Group& group = groups_[parameters[place].decays() ? 0 : 1];
    const at::Tensor parameter = parameters[place].tensor.detach();
    group.places.push_back(place);
    group.named.push_back(parameters[place]);
    group.parameters.push_back(parameter);
    // LibTorch's SGD wants no buffers where there is no momentum.
    if (options.rule != OptimizerRule::kSgd || options.momentum > 0) {
      group.first_moments.push_back(at::zeros_like(parameter));
    }
    if (options.rule == OptimizerRule::kSgd) continue;
    group.second_moments.push_back(at::zeros_like(parameter));
    group.steps.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
    group.counted.push_back(group.steps.back());
  }
}

void Optimizer::Group::Share(const Group& all, size_t i, size_t place,
                             const std::function<at::Tensor(const at::Tensor&)>& view) {
  places.push_back(place);
  named.push_back(all.named[i]);
  parameters.push_back(view(all.parameters[i]));
  // Which there are depends on the rule.
  if (!all.first_moments.empty()) first_moments.push_back(view(all.first_moments[i]));
  if (!all.second_moments.empty()) second_moments.push_back(view(all.second_moments[i]));
  if (!all.steps.empty()) steps.push_back(all.steps[i]);
}

Optimizer::Optimizer(const Optimizer& all, const std::vector<NamedTensor>& some) : options_(all.options_) {
  for (const Group& group : all.groups_) {
    Group& own = groups_.emplace_back();
    own.weight_decay = group.weight_decay;
    for (size_t place = 0; place < some.size(); ++place) {
      const auto found = std::find_if(group.named.begin(), group.named.end(),
                                      [&](const NamedTensor& one) { return one.name == some[place].name; });
      if (found == group.named.end()) continue;
      own.Share(group, found - group.named.begin(), place, [](const at::Tensor& whole) { return whole; });
    }
    own.counted = own.steps;
  }
}

Optimizer Optimizer::OfHeads(int64_t begin, int64_t end, bool others) const {
  Optimizer part({}, options_);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Group& all = groups_[g];
    Group& own = part.groups_[g];
    for (size_t i = 0; i < all.places.size(); ++i) {
      const bool stacked = all.named[i].first_module != kNobody;
      if (!stacked && !others) continue;
      own.Share(all, i, all.places[i],
                [=](const at::Tensor& whole) { return stacked ? whole.slice(0, begin, end) : whole; });
      if (!own.steps.empty() && (begin == 0 || !stacked)) own.counted.push_back(own.steps.back());
    }
  }
  return part;
}

void Optimizer::Step(std::vector<at::Tensor> gradients, const at::Tensor& any_learning_rate, const at::Tensor& norm) {
  const at::NoGradGuard no_grad;
  // On a GPU the fused kernels read it as a float, whatever the parameters are; on the CPU they take any.
  const at::Tensor learning_rate = any_learning_rate.is_cuda() ? any_learning_rate.to(at::kFloat) : any_learning_rate;
  if (clips()) ClipByNorm(gradients, options_.clip_norm, norm.defined() ? norm : NormOf(gradients));
  for (Group& group : groups_) {
    if (group.places.empty()) continue;
    std::vector<at::Tensor> own;
    for (size_t i = 0; i < group.places.size(); ++i) {
      own.push_back(LaidOutAs(group.parameters[i], gradients.at(group.places[i])));
    }
    StepGroup(group, own, learning_rate);
  }
}

std::vector<NamedTensor> Optimizer::State() const {
  std::vector<NamedTensor> state;
  for (const Group& group : groups_) {
    const auto add = [&](const std::string& kind, Role role, const std::vector<at::Tensor>& tensors) {
      for (size_t i = 0; i < tensors.size(); ++i) {
        state.push_back({kind + "." + group.named[i].name, tensors[i], role,
                         tensors[i].dim() == 0 ? kNobody : group.named[i].first_module});
      }
    };
    add("first_moment", Role::kMoment, group.first_moments);
    add("second_moment", Role::kSecondMoment, group.second_moments);
    add("steps", Role::kMoment, group.steps);
  }
  return state;
}

void Optimizer::StepGroup(Group& group, const std::vector<at::Tensor>& gradients, const at::Tensor& learning_rate) {
  const double decay = group.weight_decay;
  if (options_.rule == OptimizerRule::kSgd) {
    if (decay > 0) at::_foreach_mul_(group.parameters, 1 - learning_rate * decay);
    at::_fused_sgd_(group.parameters, gradients, group.first_moments, /*weight_decay=*/0, options_.momentum,
                    learning_rate,
                    /*dampening=*/0, /*nesterov=*/options_.momentum > 0, /*maximize=*/false, /*is_first_step=*/false);
    return;
  }
  if (!group.counted.empty()) at::_foreach_add_(group.counted, 1);
  auto adam = [&](auto&& fused) {
    fused(group.parameters, gradients, group.first_moments, group.second_moments, /*max_exp_avg_sqs=*/at::TensorList(),
          group.steps, learning_rate, options_.momentum, options_.beta_2, decay, options_.epsilon, /*amsgrad=*/false,
          /*maximize=*/false);
  };
  if (options_.rule == OptimizerRule::kAdam) {
    adam([](auto&&... arguments) { at::_fused_adam_(arguments...); });
  } else {
    adam([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
  }
}

}  // namespace sid
