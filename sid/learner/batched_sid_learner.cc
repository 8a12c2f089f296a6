#include "sid/learner/batched_sid_learner.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sid/belief/belief.h"
#include "sid/update/batched.h"
#include "sid/update/pcgrad.h"

namespace sid {

BatchedSidLearner::BatchedSidLearner(Network network, SidOptions options, BeliefChain run_chain, int64_t chunk,
                                     Precision precision, const OptimizerOptions& optimizer)
    : SidLearnerBase(std::move(network), std::move(options), precision),
      run_chain_(run_chain),
      extractor_weights_(Tensors(sid::Parameters(network_.extractor))) {
  for (at::Tensor& weight : extractor_weights_) weight.requires_grad_(options_.extractor_learns());
  const int64_t depth = network_.cascade.depth(), size = chunk == 0 ? depth : std::min(chunk, depth);
  const at::Tensor alphas = at::tensor(options_.alphas).to(network_.cascade.hidden_bias.options());
  const Cascade gradients = ZerosLike({{}, network_.cascade.Slice(0, size)}).cascade;
  for (int64_t begin = 0; begin < depth; begin += size) {
    const int64_t end = std::min(begin + size, depth);
    chunks_.push_back(
        {begin, end, network_.cascade.Slice(begin, end), alphas.slice(0, begin, end), gradients.Slice(0, end - begin)});
    std::vector<Parameter> parameters = sid::Parameters(chunks_.back().modules);
    if (end == depth) {
      for (Parameter& parameter : sid::Parameters(Learning(network_).extractor))
        parameters.push_back(std::move(parameter));
    }
    optimizers_.emplace_back(parameters, optimizer);
  }
}

StepResult BatchedSidLearner::Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) {
  const at::Tensor z = ExtractorForward(batch.images, timer);
  const int64_t classes = network_.cascade.classes();
  const StepInputs inputs{z.detach(), TargetBelief(batch.labels, classes, options_.smoothing, z.scalar_type())};
  at::Tensor features_gradient = EmptyFeaturesGradient(inputs);
  at::Tensor log_belief = UniformBelief(z.size(0), classes, inputs.features.options());
  std::vector<at::Tensor> losses;
  for (size_t k = 0; k < chunks_.size(); ++k) {
    const Chunk& chunk = chunks_[k];
    const bool by_module = options_.extractor_gradient == ExtractorGradient::kPcgrad;
    at::Tensor own = by_module ? features_gradient.slice(0, chunk.begin, chunk.end) : features_gradient;
    const ChunkResult result = BatchedUpdate(run_chain_, Cast(chunk.modules, compute_type_), options_.divergence,
                                             chunk.alphas, inputs, log_belief, timer, chunk.gradients, own);
    losses.push_back(result.losses);
    log_belief = result.log_belief;
    std::vector<at::Tensor> gradients = Tensors(sid::Parameters(chunk.gradients));
    if (k + 1 == chunks_.size()) {
      for (at::Tensor& gradient : ExtractorBackward(z, features_gradient, timer))
        gradients.push_back(std::move(gradient));
    }
    const ScopedPhase phase(timer, "optimizer");
    optimizers_[k].Step(std::move(gradients), learning_rate);
  }
  return {at::cat(losses), log_belief, inputs.features};
}

std::vector<Parameter> BatchedSidLearner::OptimizerState() const {
  std::vector<Parameter> state;
  for (size_t k = 0; k < optimizers_.size(); ++k) {
    // Chunks share the names of the cascade's tensors.
    for (Parameter& parameter : optimizers_[k].State())
      state.push_back({absl::StrCat("chunk_", k + 1, ".", parameter.name), std::move(parameter.tensor)});
  }
  return state;
}

at::Tensor BatchedSidLearner::EmptyFeaturesGradient(const StepInputs& inputs) const {
  if (!options_.extractor_learns()) return {};
  const at::TensorOptions type(inputs.log_y.scalar_type());
  if (options_.extractor_gradient != ExtractorGradient::kPcgrad) return at::zeros_like(inputs.features, type);
  return at::zeros_like(inputs.features, type).expand({network_.cascade.depth(), -1, -1}).contiguous();
}

at::Tensor BatchedSidLearner::ExtractorForward(const at::Tensor& images, PhaseTimer& timer) const {
  const ScopedPhase phase(timer, "extractor forward");
  const at::AutoGradMode mode(options_.extractor_learns());
  return Cast(network_.extractor, compute_type_).Forward(images.to(compute_type_));
}

std::vector<at::Tensor> BatchedSidLearner::ExtractorBackward(const at::Tensor& features, at::Tensor features_gradient,
                                                             PhaseTimer& timer) const {
  if (!options_.extractor_learns()) return {};
  const ScopedPhase phase(timer, "extractor backward");
  if (options_.extractor_gradient == ExtractorGradient::kMean) features_gradient /= network_.cascade.depth();
  if (options_.extractor_gradient == ExtractorGradient::kPcgrad) features_gradient = CombineByPcgrad(features_gradient);
  return torch::autograd::grad({features}, extractor_weights_, {features_gradient.to(features.scalar_type())});
}

}  // namespace sid
