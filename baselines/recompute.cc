#include "baselines/recompute.h"

#include <ATen/Context.h>  // for custom_function.h
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace sid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RecomputedBlock : torch::autograd::Function<RecomputedBlock> {
  // `block` outlives the graph.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, at::TensorList own, const Block* block,
                            const Pass* pass) {
    variable_list saved{input};
    saved.insert(saved.end(), own.begin(), own.end());
    context->save_for_backward(saved);
    context->saved_data["block"] = reinterpret_cast<int64_t>(block);
    context->saved_data["training"] = pass->training;
    return block->forward(input, own.vec(), *pass);
  }

  static variable_list backward(AutogradContext* context, variable_list output_gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto* const block = reinterpret_cast<const Block*>(context->saved_data["block"].toInt());
    const Pass pass{.training = context->saved_data["training"].toBool()};
    variable_list leaves, wanted, gradients(saved.size() + 2);  // the block and the pass have none
    std::vector<size_t> places;
    for (size_t k = 0; k < saved.size(); ++k) {
      leaves.push_back(saved[k].detach());
      if (!context->needs_input_grad(k)) continue;
      wanted.push_back(leaves.back().requires_grad_(true));
      places.push_back(k);
    }
    const at::AutoGradMode with_graph(true);
    const at::Tensor output = block->forward(leaves[0], {leaves.begin() + 1, leaves.end()}, pass);
    const variable_list own = torch::autograd::grad({output}, wanted, {output_gradients[0]});
    for (size_t k = 0; k < own.size(); ++k) gradients[places[k]] = own[k];
    return gradients;
  }
};

}  // namespace

BodyResult RunBodyRecomputing(const Stage& stage, const at::Tensor& input, const Pass& pass) {
  at::Tensor h = input;
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    h = RecomputedBlock::apply(h, at::TensorList(stage.tensors[b]), &stage.blocks[b], &pass);
  }
  return {h, stage.read_out.forward(h, stage.read_out_tensors, pass)};
}

}  // namespace sid
