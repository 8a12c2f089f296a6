#include "sid/network/cascade.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>

#include "base/names.h"
#include "base/status.h"

namespace sid {

std::vector<std::string> BeliefUpdateNames() { return {"replace", "residual"}; }

absl::StatusOr<BeliefUpdate> ParseBeliefUpdate(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("belief update", name, BeliefUpdateNames()));
  return static_cast<BeliefUpdate>(index);
}

at::Tensor Logits(BeliefUpdate update, const at::Tensor& output, const at::Tensor& log_belief) {
  return update == BeliefUpdate::kResidual ? log_belief + output : output;
}

at::Tensor Module::FirstLayer(const at::Tensor& log_belief, const at::Tensor& features) const {
  return at::linear(log_belief.exp().to(belief_weight.scalar_type()), belief_weight) +
         at::linear(features, feature_weight, hidden_bias);
}

at::Tensor Module::Output(const at::Tensor& log_belief, const at::Tensor& features) const {
  return at::linear(at::relu(FirstLayer(log_belief, features)), output_weight, output_bias);
}

at::Tensor Module::Forward(const at::Tensor& log_belief, const at::Tensor& features) const {
  return Logits(belief_update, Output(log_belief, features), log_belief);
}

std::vector<at::Tensor> Module::Weights() const {
  return {belief_weight, feature_weight, hidden_bias, output_weight, output_bias};
}

Module Module::Leaves() const {
  auto leaf = [](const at::Tensor& tensor) { return tensor.detach().requires_grad_(true); };
  return {leaf(belief_weight), leaf(feature_weight), leaf(hidden_bias),
          leaf(output_weight), leaf(output_bias),    belief_update};
}

Module Cascade::at(int64_t index) const {
  return {belief_weight.select(0, index), feature_weight.select(0, index), hidden_bias.select(0, index),
          output_weight.select(0, index), output_bias.select(0, index),    belief_update};
}

Cascade Cascade::Slice(int64_t begin, int64_t end) const {
  auto slice = [&](const at::Tensor& tensor) { return tensor.slice(0, begin, end); };
  return {slice(belief_weight), slice(feature_weight), slice(hidden_bias),
          slice(output_weight), slice(output_bias),    belief_update};
}

Cascade EmptyCascade(int64_t depth, int64_t hidden, int64_t features, int64_t classes) {
  return {at::empty({depth, hidden, classes}), at::empty({depth, hidden, features}), at::empty({depth, hidden}),
          at::empty({depth, classes, hidden}), at::empty({depth, classes})};
}

}  // namespace sid
