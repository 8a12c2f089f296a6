#include "sid/update/serial.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "sid/belief/belief.h"
#include "sid/update/pcgrad.h"

namespace sid {
namespace {

using torch::autograd::grad;

// The extractor's weights as leaves of a graph of their own; they share the network's memory.
Extractor Leaves(Extractor extractor) {
  for (ExtractorLayer& layer : extractor.layers) {
    layer.weight = layer.weight.detach().requires_grad_(true);
    layer.bias = layer.bias.detach().requires_grad_(true);
  }
  return extractor;
}

at::Tensor Features(const Extractor& extractor, const at::Tensor& images, bool with_graph, PhaseTimer& timer) {
  const ScopedPhase phase(timer, "extractor forward");
  const at::AutoGradMode mode(with_graph);
  return extractor.Forward(images);
}

// log p_0 .. log p_L, each [B, C]: module i's teacher is entry i-1.
std::vector<at::Tensor> ComputeTeachers(const Cascade& cascade, const at::Tensor& features, PhaseTimer& timer) {
  const ScopedPhase phase(timer, "teachers");
  const at::NoGradGuard no_grad;
  return Beliefs(cascade, features);
}

struct LocalUpdate {
  at::Tensor loss;               // mean over the batch
  at::Tensor features_gradient;  // d l_i / d z [B, D], where the extractor learns
};

// Module `index`'s own loss and gradients, from its teacher and z alone.
LocalUpdate UpdateModule(const Module& module, int64_t index, const SidOptions& options, const at::Tensor& log_y,
                         const at::Tensor& log_q, const at::Tensor& features, const Module& gradients) {
  const at::AutoGradMode mode(true);
  const Module leaves = module.Leaves();
  const bool extractor_learns = options.extractor_learns();
  const at::Tensor z = features.detach().requires_grad_(extractor_learns);
  const at::Tensor log_p = BeliefOf(leaves.Forward(log_q, z));
  const at::Tensor loss = LocalLoss(options.divergence, options.alphas.at(index), log_y, log_q, log_p).mean();
  std::vector<at::Tensor> inputs = leaves.Weights();
  if (extractor_learns) inputs.push_back(z);
  const std::vector<at::Tensor> gradient = grad({loss}, inputs);
  const std::vector<at::Tensor> targets = gradients.Weights();
  for (size_t k = 0; k < targets.size(); ++k) targets[k].copy_(gradient[k]);
  return {loss.detach(), extractor_learns ? gradient.back() : at::Tensor()};
}

// [L, B, D] -> [B, D].
at::Tensor Combine(ExtractorGradient how, const at::Tensor& features_gradients) {
  if (how == ExtractorGradient::kPcgrad) return CombineByPcgrad(features_gradients);
  return how == ExtractorGradient::kMean ? features_gradients.mean(0) : features_gradients.sum(0);
}

void UpdateExtractor(const Extractor& leaves, const at::Tensor& features, const at::Tensor& features_gradient,
                     PhaseTimer& timer, const Extractor& gradients) {
  const ScopedPhase phase(timer, "extractor backward");
  const std::vector<at::Tensor> gradient = grad({features}, Tensors(Parameters(leaves)), {features_gradient});
  const std::vector<at::Tensor> targets = Tensors(Parameters(gradients));
  for (size_t k = 0; k < targets.size(); ++k) targets[k].copy_(gradient[k]);
}

}  // namespace

UpdateResult SerialUpdate(const Network& network, const SidOptions& options, const Batch& batch, PhaseTimer& timer,
                          Network& gradients) {
  const Extractor extractor = Leaves(network.extractor);
  const bool reuse = options.features == FeatureMode::kReuse;
  const bool extractor_learns = options.extractor_learns();
  at::Tensor features = Features(extractor, batch.images, reuse && extractor_learns, timer);
  const std::vector<at::Tensor> teachers = ComputeTeachers(network.cascade, features, timer);
  if (!reuse) features = Features(extractor, batch.images, extractor_learns, timer);

  const int64_t depth = network.cascade.depth();
  const at::Tensor log_y =
      TargetBelief(batch.labels, network.cascade.classes(), options.smoothing, features.scalar_type());
  std::vector<at::Tensor> losses, features_gradients;
  for (int64_t i = 0; i < depth; ++i) {
    const ScopedPhase phase(timer, "local update", i);
    const LocalUpdate update =
        UpdateModule(network.cascade.at(i), i, options, log_y, teachers[i], features, gradients.cascade.at(i));
    losses.push_back(update.loss);
    features_gradients.push_back(update.features_gradient);
  }
  if (extractor_learns) {
    const at::Tensor combined = Combine(options.extractor_gradient, at::stack(features_gradients));
    UpdateExtractor(extractor, features, combined, timer, gradients.extractor);
  }
  return {at::stack(losses), teachers.back(), features.detach()};
}

}  // namespace sid
