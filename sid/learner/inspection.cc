#include "sid/learner/inspection.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>
#include <vector>

#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
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

// One stage's d l_i / d theta_i and d l_i / d z, and what it hands on.
struct StageInspection {
  at::Tensor squares, active, by_features;
  std::vector<at::Tensor> log_beliefs;  // log q and log p_1 .. log p_n
  at::Tensor output;                    // h
};

at::Tensor Active(const Cascade& heads, const at::Tensor& features, const std::vector<at::Tensor>& log_q_and_p) {
  std::vector<at::Tensor> active;
  for (int64_t i = 0; i < heads.depth(); ++i) {
    const Head head = heads.at(i);
    const at::Tensor first = head.FirstLayer(log_q_and_p[i], features);
    active.push_back(head.output_weight.defined() ? first.gt(0).any(0).to(at::kDouble).mean()
                                                  : at::ones({}, first.options().dtype(at::kDouble)));
  }
  return at::stack(active);
}

StageInspection InspectStage(const Network& network, const Stage& stage, const SidOptions& options,
                             const at::Tensor& log_y, const at::Tensor& input, const at::Tensor& log_q) {
  const Cascade &heads = stage.heads, gradients = ZerosLike(heads);
  const bool owned = IsOwned(network, stage);
  const Stage leaves = owned ? WithLeaves(stage) : stage;
  BodyResult body;
  {
    const at::AutoGradMode mode(owned);
    body = RunBody(leaves, input, kTrainingPass);
  }
  const at::Tensor z = body.features.detach();
  const StepInputs inputs{z, log_y};
  std::vector<int64_t> shape = z.sizes().vec();
  shape.insert(shape.begin(), heads.depth());
  at::Tensor by_features = at::empty(shape, z.options());
  const std::vector<double> alphas(options.alphas.begin() + stage.first_module,
                                   options.alphas.begin() + stage.first_module + heads.depth());
  PhaseTimer untimed;
  if (heads.perceptrons()) {
    BatchedUpdate(ChainByOperations, heads, options.divergence, at::tensor(alphas).to(z.options()), inputs, log_q,
                  untimed, gradients, by_features);
  } else {
    SerialUpdate(heads, stage.first_module, options.divergence, alphas, inputs, log_q, untimed, gradients, by_features);
  }
  std::vector<at::Tensor> body_gradients;
  const std::vector<at::Tensor> weights = Tensors(Learning(BodyTensors(leaves)));
  if (owned && !weights.empty()) body_gradients = torch::autograd::grad({body.features}, weights, {by_features[0]});
  const std::vector<at::Tensor> log_beliefs = Beliefs(heads, z, log_q);
  return {Squares(gradients, body_gradients), Active(heads, z, log_beliefs), by_features, log_beliefs,
          body.output.detach()};
}

at::Tensor WeightNorms(const Network& network) {
  std::vector<at::Tensor> squares;
  for (const Stage& stage : network.stages) {
    const bool owned = IsOwned(network, stage);
    squares.push_back(Squares(stage.heads, owned ? Tensors(Learning(BodyTensors(stage))) : std::vector<at::Tensor>{}));
  }
  return at::concat(squares).sqrt();
}

}  // namespace

Inspection InspectBeliefs(const Network& network, const Batch& batch) {
  const at::NoGradGuard no_graph;
  return {.log_beliefs = Forward(network, batch.images, kTrainingPass).log_beliefs,
          .weight_norm = WeightNorms(network)};
}

Inspection InspectLocalLosses(const Network& network, const SidOptions& options, const Batch& batch) {
  const at::NoGradGuard no_graph;
  const int64_t classes = network.classes();
  const at::Tensor log_y = TargetBelief(batch.labels, classes, options.smoothing, network.type());
  Inspection inspection{.weight_norm = WeightNorms(network)};
  at::Tensor input = batch.images;
  std::vector<at::Tensor> log_beliefs{UniformBelief(input.size(0), classes, input.options())}, squares, active;
  for (const Stage& stage : network.stages) {
    const StageInspection one = InspectStage(network, stage, options, log_y, input, log_beliefs.back());
    log_beliefs.insert(log_beliefs.end(), one.log_beliefs.begin() + 1, one.log_beliefs.end());
    squares.push_back(one.squares);
    active.push_back(one.active);
    if (network.stages.size() == 1) inspection.features_gradients = one.by_features;
    input = one.output;
  }
  inspection.log_beliefs = at::stack(log_beliefs);
  inspection.gradient_norm = at::concat(squares).sqrt();
  inspection.active = at::concat(active);
  return inspection;
}

}  // namespace sid
