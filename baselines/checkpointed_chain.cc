#include <ATen/Context.h>  // for custom_function.h
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "baselines/chain.h"
#include "baselines/chain_function.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Saves z, the weights and the beliefs; on the way back each module gets a graph of its own, used at once and dropped.
struct CheckpointedCascade : torch::autograd::Function<CheckpointedCascade> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& features, const at::Tensor& belief_weight,
                            const at::Tensor& feature_weight, const at::Tensor& hidden_bias,
                            const at::Tensor& output_weight, const at::Tensor& output_bias, int64_t belief_update) {
    const Cascade cascade =
        CascadeOf({belief_weight, feature_weight, hidden_bias, output_weight, output_bias}, belief_update);
    context->saved_data["belief_update"] = belief_update;
    const at::Tensor log_beliefs =
        at::stack(Beliefs(cascade, features, UniformBelief(features.size(0), cascade.classes(), features.options())));
    variable_list saved = Tensors(cascade);
    saved.insert(saved.end(), {features, log_beliefs});
    context->save_for_backward(saved);
    return log_beliefs.slice(0, 1).clone();
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    const Cascade cascade = CascadeOf(saved, context->saved_data["belief_update"].toInt());
    const at::Tensor features = saved[5], log_beliefs = saved[6];
    const bool extractor_learns = context->needs_input_grad(0);
    // Sums over the modules, so in the beliefs' precision.
    variable_list gradients{at::zeros_like(features, at::TensorOptions(log_beliefs.scalar_type()))};
    for (const at::Tensor& weight : Tensors(cascade)) gradients.push_back(at::zeros_like(weight));
    at::Tensor from_above = at::zeros_like(log_beliefs[0]);
    const at::AutoGradMode with_graph(true);
    for (int64_t i = cascade.depth() - 1; i >= 0; --i) {
      const Head leaves = cascade.at(i).Leaves();
      const at::Tensor z = features.detach().requires_grad_(extractor_learns);
      const at::Tensor log_q = log_beliefs[i].detach().requires_grad_(i > 0);
      variable_list inputs = leaves.Weights();
      if (i > 0) inputs.push_back(log_q);
      if (extractor_learns) inputs.push_back(z);
      const at::Tensor log_p = BeliefOf(leaves.Forward(log_q, z));
      const variable_list own = torch::autograd::grad({log_p}, inputs, {output_gradients[0][i] + from_above});
      for (size_t k = 1; k < gradients.size(); ++k) gradients[k][i].copy_(own[k - 1]);
      if (i > 0) from_above = own[gradients.size() - 1];
      if (extractor_learns) gradients[0] += own.back();
    }
    gradients[0] = gradients[0].to(features.scalar_type());
    gradients.emplace_back();  // the belief update has none
    return gradients;
  }
};

}  // namespace

std::vector<at::Tensor> CheckpointedChain(const Cascade& cascade, const at::Tensor& features) {
  return ApplyTo<CheckpointedCascade>(cascade, features).unbind();
}

}  // namespace sid
