#pragma once

// One optimizer for every learner, on LibTorch's fused kernels: one call for each group of tensors, whatever their
// number.
//
//   adam   Adam, the decay added to the gradient (Kingma and Ba 2015)
//   adamw  Adam with decoupled decay: w -= lr * decay * w (Loshchilov and Hutter 2019)
//   sgd    SGD with Nesterov momentum and decoupled decay
//
// Only factors of products decay; biases and normalisations do not. Clipping scales all gradients of this optimizer by min(1, clip / norm),
// norm over all of them; each stage of a network has an optimizer of its own, so no number crosses stages.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tensors.h"

namespace sid {

enum class OptimizerRule { kAdam, kAdamW, kSgd };

std::vector<std::string> OptimizerNames();
absl::StatusOr<OptimizerRule> ParseOptimizer(const std::string& name);

struct OptimizerOptions {
  OptimizerRule rule = OptimizerRule::kAdam;
  double momentum = 0.9;  // sgd's momentum, Adam's beta_1
  double beta_2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  double clip_norm = 0;  // 0: no clipping
};

// A learning rate as a step reads it: on the CPU in double, on a GPU in float, as fused Adam wants it.
at::Tensor LearningRateOn(at::Device device, double learning_rate);

// Of all of them together, a scalar.
at::Tensor NormOf(const std::vector<at::Tensor>& gradients);

class Optimizer {
 public:
  Optimizer(const std::vector<NamedTensor>& parameters, const OptimizerOptions& options);
  // Of `some` of the parameters of `all`, in this order, with which it shares what is remembered of them.
  Optimizer(const Optimizer& all, const std::vector<NamedTensor>& some);
  // Of rows [begin, end) of what is stacked over heads, and of all else where `others`, sharing what is remembered. Gradients stand in the
  // order of all parameters. Parts step in the rows' order: the one with row 0 counts the step for all.
  Optimizer OfHeads(int64_t begin, int64_t end, bool others) const;

  // Moves every parameter; `gradients` stand in the parameters' order and may be overwritten. `learning_rate` is a scalar,
  // on the CPU or on the parameters' device: there the host need not know it, so a captured step can follow a schedule. `norm` is
  // that of all gradients which are clipped together, where these are some of them.
  void Step(std::vector<at::Tensor> gradients, const at::Tensor& learning_rate, const at::Tensor& norm = {});

  bool clips() const { return options_.clip_norm > 0; }

  // What it remembers between steps, sharing memory, as "first_moment.blocks.1.weight": with the weights all that the next
  // step depends on but its gradients.
  std::vector<NamedTensor> State() const;

 private:
  // Tensors that share a weight decay, each with its place among all parameters.
  struct Group {
    double weight_decay = 0;
    std::vector<size_t> places;
    std::vector<NamedTensor> named;
    std::vector<at::Tensor> parameters, first_moments, second_moments, steps;
    std::vector<at::Tensor> counted;  // those of `steps` that a step of this optimizer adds to

    // Takes `all`'s tensor i in, to stand at `place`, as `view` shows it and what is remembered of it.
    void Share(const Group& all, size_t i, size_t place, const std::function<at::Tensor(const at::Tensor&)>& view);
  };
  void StepGroup(Group& group, const std::vector<at::Tensor>& gradients, const at::Tensor& learning_rate);

  OptimizerOptions options_;
  std::vector<Group> groups_;
};

}  // namespace sid
