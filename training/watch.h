#pragma once

// What one step shows to who looks at it afterwards: a row of numbers, made where the weights are, before the next step moves them.
//
//   norm of z            the forward pass
//   loss of each module  its belief, against target and teacher
//   norm of each weight  after the update; running statistics are among them
//   Adam's moments       the largest of each second one
//   images classified right

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/tensors.h"
#include "sid/learner/learner.h"

namespace sid {

// What is watched: norms read all of the state, which is no part of a step that is timed. Without them their places are 0.
enum class Watched { kAll, kLosses };

class Watch {
 public:
  // `state` as Learner::State; the tensors are shared.
  explicit Watch(const std::vector<NamedTensor>& state, Watched watched = Watched::kAll);

  // The weights, then the second moments, whose numbers a row has in this order.
  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  size_t weights() const { return weights_.size(); }

  // [1 + losses + tensors + 1], on the state's device and of its type. Features and belief that are undefined count as 0.
  at::Tensor Row(const StepResult& result, const at::Tensor& labels) const;

 private:
  std::vector<NamedTensor> tensors_;
  // Apart, as one call wants them.
  std::vector<at::Tensor> weights_, moments_;
};

}  // namespace sid
