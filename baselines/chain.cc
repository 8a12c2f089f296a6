#include "baselines/chain.h"

#include <ATen/Context.h>  // for custom_function.h
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/chain_by_kernel.h"
#include "sid/cascade/closed_form.h"

namespace sid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Autograd sees tensors as arguments one by one, and what a function keeps for its way back as one list: a cascade of the first five
// tensors, in VisitCascade's order, and an argument.
Cascade CascadeOf(const variable_list& weights, int64_t belief_update) {
  return {weights[0], weights[1], weights[2], weights[3], weights[4], static_cast<BeliefUpdate>(belief_update)};
}

// Function::apply of z [B, D], the cascade's weights and its belief update.
template <typename Function>
auto ApplyTo(const Cascade& cascade, const at::Tensor& features) {
  return Function::apply(features, cascade.belief_weight, cascade.feature_weight, cascade.hidden_bias,
                         cascade.output_weight, cascade.output_bias, static_cast<int64_t>(cascade.belief_update));
}

// So many modules' gradients are products of one batch: as many as make them fast, and few enough that what they need besides the
// activations hardly counts.
constexpr int64_t kModules = 16;
// The same where the way back is one kernel, which each time starts with weights that nothing has copied ahead.
constexpr int64_t kModulesOfKernel = 32;

// As SID's executor `auto`: by the device and the shape.
bool HasKernel(const Cascade& cascade) { return SupportsChainKernel(cascade, cascade.hidden_bias.scalar_type()).ok(); }

// What flows back from module to module.
struct Flow {
  Cascade cascade;
  at::Tensor hidden, log_beliefs, beliefs;  // CascadeForward's
  variable_list output_gradients;           // d l / d log p_1 .. log p_L, undefined where a belief has no loss
  bool by_kernel = false;
  at::Tensor from_above;  // the part of d l / d log p_i that comes from module i+1, undefined for the last
  at::Tensor next;        // by kernel: g [B, C] of the next module to go through

  at::Tensor LogitsGradient(int64_t i) const {
    at::Tensor gradient = from_above;
    if (output_gradients[i].defined())
      gradient = gradient.defined() ? gradient + output_gradients[i] : output_gradients[i];
    const at::Tensor log_p = log_beliefs[i + 1];
    if (!gradient.defined()) return at::zeros_like(log_p);
    return at::_log_softmax_backward_data(gradient, log_p, -1, log_p.scalar_type());
  }

  // Takes module i's g [B, C], in the products' type too, and writes dh [B, H].
  void Through(int64_t i, const at::Tensor& g, const at::Tensor& rounded, at::Tensor dh) {
    at::mm_out(dh, rounded, cascade.output_weight[i]);
    at::threshold_backward_out(dh, dh, hidden.select(1, i), 0);
    if (i == 0) return;  // p_0 is no one's belief
    from_above = at::mm(dh, cascade.belief_weight[i]) * beliefs[i];
    if (cascade.belief_update == BeliefUpdate::kResidual) from_above += g;
  }

  // By the inputs of modules [begin, end), what does not come from the modules; undefined where that is nothing.
  at::Tensor BeliefGradients(int64_t begin, int64_t end) const {
    // p_0 is no one's belief.
    const auto has_loss = [this](int64_t i) { return i > 0 && output_gradients[i - 1].defined(); };
    std::vector<at::Tensor> gradients;
    for (int64_t i = begin; i < end; ++i) {
      if (has_loss(i)) gradients.push_back(output_gradients[i - 1]);
    }
    if (gradients.empty()) return {};
    const at::Tensor none = at::zeros_like(gradients[0]);
    for (int64_t i = begin; i < end; ++i) {
      if (!has_loss(i)) gradients.insert(gradients.begin() + (i - begin), none);
    }
    return at::stack(gradients);
  }

  void BackAtOnce(int64_t begin, int64_t end, const CascadeBackward& backward) {
    if (!next.defined()) next = LogitsGradient(end - 1).contiguous();
    BackByKernel(cascade.Slice(begin, end), log_beliefs.slice(0, begin, end), BeliefGradients(begin, end), backward,
                 next);
  }

  // Modules [begin, end), from the last to the first.
  CascadeBackward Back(int64_t begin, int64_t end, const at::Tensor& features) {
    const int64_t batch = features.size(0), modules = end - begin;
    CascadeBackward backward{features, hidden.slice(1, begin, end),
                             beliefs.slice(0, begin, end).to(features.scalar_type()),
                             at::empty({modules, batch, cascade.classes()}, features.options()),
                             at::empty({modules, batch, hidden.size(2)}, features.options())};
    if (by_kernel) {
      BackAtOnce(begin, end, backward);
      return backward;
    }
    for (int64_t i = end - 1; i >= begin; --i) {
      const at::Tensor g = LogitsGradient(i), rounded = backward.logits_gradient[i - begin];
      rounded.copy_(g);
      Through(i, g, rounded, backward.hidden_gradient[i - begin]);
    }
    return backward;
  }
};

// Back through all beliefs without autograd: what must be one module after the other is, the weights' gradients are products batched
// over the modules, as SID's are.
struct ClosedFormChain : torch::autograd::Function<ClosedFormChain> {
  static variable_list forward(AutogradContext* context, const at::Tensor& features, const at::Tensor& belief_weight,
                               const at::Tensor& feature_weight, const at::Tensor& hidden_bias,
                               const at::Tensor& output_weight, const at::Tensor& output_bias, int64_t belief_update) {
    const Cascade cascade =
        CascadeOf({belief_weight, feature_weight, hidden_bias, output_weight, output_bias}, belief_update);
    const auto run = HasKernel(cascade) ? ForwardByKernel : RunForward;
    const CascadeForward forward =
        run(cascade, features, UniformBelief(features.size(0), cascade.classes(), features.options()));
    context->saved_data["belief_update"] = belief_update;
    context->set_materialize_grads(false);
    variable_list saved = Tensors(cascade);
    saved.insert(saved.end(), {features, forward.hidden, forward.log_beliefs, forward.beliefs});
    context->save_for_backward(saved);
    return forward.log_beliefs.slice(0, 1).unbind();
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    Flow flow{CascadeOf(saved, context->saved_data["belief_update"].toInt()), saved[6], saved[7], saved[8],
              std::move(output_gradients)};
    flow.by_kernel = HasKernel(flow.cascade);
    const int64_t modules = flow.by_kernel ? kModulesOfKernel : kModules;
    const at::Tensor& features = saved[5];
    Cascade gradients = flow.cascade;
    VisitCascade(gradients, [](const char*, at::Tensor& weight, Role) { weight = at::empty_like(weight); });
    // A sum over the modules, so in the beliefs' precision.
    at::Tensor features_gradient;
    if (context->needs_input_grad(0)) features_gradient = at::zeros_like(features, saved[7].options());
    for (int64_t end = flow.cascade.depth(); end > 0; end -= modules) {
      const int64_t begin = std::max<int64_t>(0, end - modules);
      const CascadeBackward backward = flow.Back(begin, end, features);
      WeightGradients(flow.cascade.Slice(begin, end), backward, gradients.Slice(begin, end), features_gradient);
    }
    if (features_gradient.defined()) features_gradient = features_gradient.to(features.scalar_type());
    variable_list all{features_gradient};
    for (const at::Tensor& gradient : Tensors(gradients)) all.push_back(gradient);
    all.emplace_back();  // the belief update has none
    return all;
  }
};

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

std::vector<at::Tensor> Chain(const Cascade& cascade, const at::Tensor& features) {
  return ApplyTo<ClosedFormChain>(cascade, features);
}

std::vector<at::Tensor> CheckpointedChain(const Cascade& cascade, const at::Tensor& features) {
  return ApplyTo<CheckpointedCascade>(cascade, features).unbind();
}

}  // namespace sid
