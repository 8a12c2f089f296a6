#include "sid/learner/inspection.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>
#include <vector>

#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/cascade/belief_chain.h"
#include "sid/learner/serial_update.h"

namespace sid {
namespace {

constexpr Pass kTrainingPass{.training = true};

// The sum of squares by module [n]: of heads' rows, and of a body that one module owns in a network of several stages.
at::Tensor Squares(const Cascade& heads, const std::vector<at::Tensor>& body) {
  at::Tensor squares;
  for (const at::Tensor& tensor : Tensors(heads)) {
    const at::Tensor own = tensor.flatten(1).square().sum(1);
    squares = squares.defined() ? squares + own : own;
  }
  for (const at::Tensor& tensor : body) squares = squares + tensor.square().sum();
  return squares;
}

bool IsOwned(const Network& network, const Stage& stage) {
  return network.stages.size() > 1 && stage.heads.depth() == 1;
}

// One stage's d l_i / d theta_i and d l_i / d z.
struct StageGradients {
  at::Tensor squares, active, by_features;
};

at::Tensor Active(const Cascade& heads, const at::Tensor& features, const at::Tensor& log_q_and_p) {
  std::vector<at::Tensor> active;
  for (int64_t i = 0; i < heads.depth(); ++i) {
    const Head head = heads.at(i);
    const at::Tensor first = head.FirstLayer(log_q_and_p[i], features);
    active.push_back(head.output_weight.defined() ? first.gt(0).any(0).to(at::kDouble).mean()
                                                  : at::ones({}, first.options().dtype(at::kDouble)));
  }
  return at::stack(active);
}

StageGradients GradientsOf(const Network& network, const Stage& stage, const SidOptions& options, const Batch& batch,
                           const at::Tensor& input, const at::Tensor& log_q_and_p) {
  const Cascade &heads = stage.heads, gradients = ZerosLike(heads);
  const bool owned = IsOwned(network, stage);
  const Stage leaves = owned ? WithLeaves(stage) : stage;
  BodyResult body;
  {
    const at::AutoGradMode mode(owned);
    body = RunBody(leaves, input, kTrainingPass);
  }
  const at::Tensor z = body.features.detach();
  const StepInputs inputs{z, TargetBelief(batch.labels, heads.classes(), options.smoothing, z.scalar_type())};
  std::vector<int64_t> shape = z.sizes().vec();
  shape.insert(shape.begin(), heads.depth());
  at::Tensor by_features = at::empty(shape, z.options());
  const std::vector<double> alphas(options.alphas.begin() + stage.first_module,
                                   options.alphas.begin() + stage.first_module + heads.depth());
  PhaseTimer untimed;
  if (heads.perceptrons()) {
    BatchedUpdate(ChainByOperations, heads, options.divergence, at::tensor(alphas).to(z.options()), inputs,
                  log_q_and_p[0], untimed, gradients, by_features);
  } else {
    SerialUpdate(heads, stage.first_module, options.divergence, alphas, inputs, log_q_and_p[0], untimed, gradients,
                 by_features);
  }
  std::vector<at::Tensor> body_gradients;
  const std::vector<at::Tensor> weights = Tensors(Learning(BodyTensors(leaves)));
  if (owned && !weights.empty()) body_gradients = torch::autograd::grad({body.features}, weights, {by_features[0]});
  return {Squares(gradients, body_gradients), Active(heads, z, log_q_and_p), by_features};
}

}  // namespace

Inspection InspectBeliefs(const Network& network, const Batch& batch) {
  const at::NoGradGuard no_graph;
  std::vector<at::Tensor> squares;
  for (const Stage& stage : network.stages) {
    const bool owned = IsOwned(network, stage);
    squares.push_back(Squares(stage.heads, owned ? Tensors(Learning(BodyTensors(stage))) : std::vector<at::Tensor>{}));
  }
  return {.log_beliefs = Forward(network, batch.images, kTrainingPass).log_beliefs,
          .weight_norm = at::cat(squares).sqrt()};
}

Inspection InspectLocalLosses(const Network& network, const SidOptions& options, const Batch& batch) {
  const at::NoGradGuard no_graph;
  Inspection inspection = InspectBeliefs(network, batch);
  at::Tensor input = batch.images;
  std::vector<at::Tensor> squares, active;
  for (const Stage& stage : network.stages) {
    const at::Tensor own = inspection.log_beliefs.slice(0, stage.first_module);
    const StageGradients gradients = GradientsOf(network, stage, options, batch, input, own);
    squares.push_back(gradients.squares);
    active.push_back(gradients.active);
    if (network.stages.size() == 1) inspection.features_gradients = gradients.by_features;
    input = RunBody(stage, input, kTrainingPass).output;
  }
  inspection.gradient_norm = at::cat(squares).sqrt();
  inspection.active = at::cat(active);
  return inspection;
}

}  // namespace sid
