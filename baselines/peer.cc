#include "baselines/peer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <iterator>
#include <utility>

#include "sid/belief/belief.h"
#include "sid/learner/inspection.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

Stage OnlyTop(Stage stage) {
  stage.blocks.clear();
  stage.tensors.clear();
  return stage;
}

}  // namespace

Peer::Peer(Network network, const PeerOptions& options, bool head)
    : network_(std::move(network)),
      head_(head),
      options_(options),
      compute_type_(ComputeType(options.precision, network_.type())) {}

at::Tensor Peer::Predict(const at::Tensor& images) const {
  const at::NoGradGuard no_graph;
  return sid::Predict(Cast(network_, compute_type_), images.to(compute_type_));
}

at::Tensor Peer::Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const {
  const at::NoGradGuard no_graph;
  return -(Target(labels) * log_beliefs.slice(0, -1)).sum(-1);
}

std::vector<NamedTensor> Peer::State() const {
  std::vector<NamedTensor> state = head_ ? AllTensors(network_) : BodyTensors(stage());
  state.insert(state.end(), added_.begin(), added_.end());
  for (const Optimizer& optimizer : optimizers_) {
    for (NamedTensor& tensor : optimizer.State()) state.push_back(std::move(tensor));
  }
  return state;
}

Inspection Peer::Inspect(const Batch& batch, bool gradients) const {
  if (head_) return InspectBeliefs(network_, batch);
  at::Tensor squares = at::zeros({1}, stage().heads.output_bias.options());
  for (const NamedTensor& weight : Learning(BodyTensors(stage()))) squares = squares + weight.tensor.square().sum();
  return {.log_beliefs = Predict(batch.images), .weight_norm = squares.sqrt()};
}

at::Tensor Peer::Target(const at::Tensor& labels) const {
  return TargetBelief(labels, network_.classes(), options_.smoothing, compute_type_).exp();
}

at::Tensor Peer::CrossEntropy(const at::Tensor& labels, const at::Tensor& log_belief) const {
  return -(Target(labels) * log_belief).sum(-1).mean();
}

std::vector<NamedTensor> BlockParameters(const Network& network, size_t block) {
  return Learning(BodyTensors(OnlyBlock(network.stages[0], block)));
}

std::vector<NamedTensor> TopParameters(const Network& network) {
  return Learning(AllTensors(OnlyTop(network.stages[0])));
}

BlockPass RunBlock(const Network& network, size_t block, at::ScalarType compute_type, const at::Tensor& input,
                   const Pass& pass, BlockFunction Block::*function) {
  const at::AutoGradMode with_graph(true);
  const Stage leaves = WithLeaves(OnlyBlock(network.stages[0], block));
  const Stage rounded = CastBody(leaves, compute_type);
  return {Tensors(Learning(BodyTensors(leaves))), (rounded.blocks[0].*function)(input, rounded.tensors[0], pass)};
}

TopPass RunTop(const Network& network, at::ScalarType compute_type, const at::Tensor& h) {
  CHECK(network.stages.size() == 1 && network.depth() == 1);
  const at::AutoGradMode with_graph(true);
  const Network leaves = WithLeaves({{OnlyTop(network.stages[0])}});
  const Stage rounded = Cast(leaves, compute_type).stages[0];
  const at::Tensor z = rounded.read_out.forward(h, rounded.read_out_tensors, kLearningPass);
  const at::Tensor log_q = UniformBelief(h.size(0), network.classes(), h.options());
  return {Tensors(Learning(AllTensors(leaves))), z, BeliefOf(rounded.heads.at(0).Forward(log_q, z))};
}

CutPass RunCut(const Network& network, at::ScalarType compute_type, const at::Tensor& images) {
  CutPass pass{.inputs = {images.to(compute_type)}};
  for (size_t b = 0; b < network.stages[0].blocks.size(); ++b) {
    pass.blocks.push_back(RunBlock(network, b, compute_type, pass.inputs[b]));
    pass.inputs.push_back(pass.blocks[b].output.detach().requires_grad_(true));
  }
  pass.top = RunTop(network, compute_type, pass.inputs.back());
  return pass;
}

std::vector<at::Tensor> GradientsFrom(const at::Tensor& output, const std::vector<at::Tensor>& leaves,
                                      const at::Tensor& gradient) {
  return torch::autograd::grad({output}, leaves, {gradient.to(output.scalar_type())});
}

void Append(std::vector<at::Tensor>& all, std::vector<at::Tensor> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace sid
