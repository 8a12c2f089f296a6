#include "sid/network/heads.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros_like.h>

#include "base/status.h"
#include "base/text.h"
#include "sid/belief/belief.h"
#include "sid/network/operations.h"

namespace sid {
namespace {

// The same cascade or head with every tensor passed through.
template <typename Tensors, typename Function>
Tensors Map(Tensors tensors, const Function& function) {
  VisitCascade(tensors, [&](const char*, at::Tensor& tensor, Role) { tensor = function(tensor); });
  return tensors;
}

template <typename Any>
std::vector<at::Tensor> ListOf(const Any& tensors) {
  std::vector<at::Tensor> list;
  VisitCascade(tensors, [&](const char*, const at::Tensor& tensor, Role) { list.push_back(tensor); });
  return list;
}

// Wz z + b [B, H] of vectors; of maps the largest over the positions.
at::Tensor FeaturesPart(const at::Tensor& features, const at::Tensor& weight, const at::Tensor& bias,
                        const at::Tensor& feedback) {
  if (weight.dim() == 2) return Linear(features, weight, bias, feedback);
  return at::amax(Convolve(features, weight, {}, /*stride=*/1, /*padding=*/1, feedback), {2, 3}) + bias;
}

// The first layer with `input` [B, C] in the belief's place.
at::Tensor First(const Head& head, const at::Tensor& input, const at::Tensor& features, const at::Tensor& feedback) {
  const at::Tensor& bias = head.hidden_bias.defined() ? head.hidden_bias : head.output_bias;
  const at::Tensor part = FeaturesPart(features, head.feature_weight, bias, feedback);
  if (!head.belief_weight.defined()) return part;
  return at::linear(input.to(head.belief_weight.scalar_type()), head.belief_weight) + part;
}

}  // namespace

std::vector<std::string> HeadKindNames() { return {"mlp", "linear", "conv"}; }

absl::StatusOr<HeadKind> ParseHeadKind(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("head", name, HeadKindNames()));
  return static_cast<HeadKind>(index);
}

std::vector<std::string> BeliefUpdateNames() { return {"replace", "residual"}; }

absl::StatusOr<BeliefUpdate> ParseBeliefUpdate(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("belief update", name, BeliefUpdateNames()));
  return static_cast<BeliefUpdate>(index);
}

at::Tensor Logits(BeliefUpdate update, const at::Tensor& output, const at::Tensor& log_belief) {
  return update == BeliefUpdate::kResidual ? log_belief + output : output;
}

at::Tensor Head::FirstLayer(const at::Tensor& log_belief, const at::Tensor& features) const {
  return First(*this, belief_weight.defined() ? log_belief.exp() : at::Tensor(), features, {});
}

at::Tensor Head::Output(const at::Tensor& log_belief, const at::Tensor& features) const {
  return OutputOf(belief_weight.defined() ? log_belief.exp() : at::Tensor(), features);
}

at::Tensor Head::OutputOf(const at::Tensor& input, const at::Tensor& features, const Head* feedback) const {
  const Head none, &back = feedback == nullptr ? none : *feedback;
  const at::Tensor first = First(*this, input, features, back.feature_weight);
  return output_weight.defined() ? Linear(at::relu(first), output_weight, output_bias, back.output_weight) : first;
}

at::Tensor Head::Forward(const at::Tensor& log_belief, const at::Tensor& features) const {
  return Logits(belief_update, Output(log_belief, features), log_belief);
}

std::vector<at::Tensor> Head::Weights() const { return ListOf(*this); }

Head Head::Leaves() const {
  return Map(*this, [](const at::Tensor& tensor) { return tensor.detach().requires_grad_(true); });
}

Head Cascade::at(int64_t index) const {
  const auto own = [index](const at::Tensor& stack) { return stack.defined() ? stack.select(0, index) : at::Tensor(); };
  return {own(belief_weight), own(feature_weight), own(hidden_bias),
          own(output_weight), own(output_bias),    belief_update};
}

Cascade Cascade::Slice(int64_t begin, int64_t end) const {
  return Map(*this, [&](const at::Tensor& tensor) { return tensor.slice(0, begin, end); });
}

Cascade EmptyCascade(int64_t depth, const HeadShape& shape, const Shape& features, int64_t classes) {
  const bool linear = shape.kind == HeadKind::kLinear;
  const int64_t rows = linear ? classes : shape.hidden;
  Shape feature_weight{depth, rows, features.at(0)};
  if (features.size() == 3) feature_weight.insert(feature_weight.end(), {3, 3});
  Cascade cascade;
  cascade.belief_update = shape.belief_update;
  if (shape.belief_input) cascade.belief_weight = at::empty({depth, rows, classes});
  cascade.feature_weight = at::empty(feature_weight);
  if (!linear) cascade.hidden_bias = at::empty({depth, rows});
  if (!linear) cascade.output_weight = at::empty({depth, classes, rows});
  cascade.output_bias = at::empty({depth, classes});
  return cascade;
}

std::vector<at::Tensor> Tensors(const Cascade& cascade) { return ListOf(cascade); }

Cascade ZerosLike(Cascade cascade) {
  return Map(std::move(cascade), [](const at::Tensor& tensor) { return at::zeros_like(tensor.detach()); });
}

Cascade Cast(Cascade cascade, at::ScalarType type) {
  return Map(std::move(cascade), [type](const at::Tensor& tensor) { return tensor.to(type); });
}

std::vector<at::Tensor> Beliefs(const Cascade& cascade, const at::Tensor& features, const at::Tensor& log_q) {
  std::vector<at::Tensor> log_beliefs{log_q};
  for (int64_t i = 0; i < cascade.depth(); ++i) {
    log_beliefs.push_back(BeliefOf(cascade.at(i).Forward(log_beliefs.back(), features)));
  }
  return log_beliefs;
}

}  // namespace sid
