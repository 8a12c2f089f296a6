#include "sid/learner/stage_learner.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/text.h"
#include "sid/cascade/batched.h"
#include "sid/learner/pcgrad.h"
#include "sid/learner/serial_update.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Its heads, and its blocks where they learn.
std::vector<NamedTensor> LearningIn(const Stage& stage, const SidOptions& options) {
  std::vector<NamedTensor> learning = HeadTensors(stage.heads, stage.first_module);
  if (!options.extractor_learns()) return learning;
  for (NamedTensor& tensor : Learning(BodyTensors(stage))) learning.push_back(std::move(tensor));
  return learning;
}

}  // namespace

std::vector<std::string> ExecutorNames() { return {"auto", "serial", "batched", "cuda"}; }

absl::StatusOr<Executor> ParseExecutor(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("executor", name, ExecutorNames()));
  return static_cast<Executor>(index);
}

Executor Resolve(const ExecutorOptions& executor, const Network& network) {
  if (executor.executor != Executor::kAuto) return executor.executor;
  const auto all = [&](const auto& supported) {
    return std::all_of(network.stages.begin(), network.stages.end(), supported);
  };
  const at::ScalarType type = ComputeType(executor.precision, network.type());
  if (all([type](const Stage& stage) { return SupportsChainKernel(stage.heads, type).ok(); })) return Executor::kCuda;
  return all([](const Stage& stage) { return stage.heads.perceptrons(); }) ? Executor::kBatched : Executor::kSerial;
}

StageLearner::StageLearner(Stage stage, const SidOptions& options, const ExecutorOptions& executor,
                           const OptimizerOptions& optimizer, const Stage* before)
    : stage_(std::move(stage)),
      options_(options),
      executor_(executor.executor),
      optimizer_(LearningIn(stage_, options), optimizer) {
  CHECK(executor_ != Executor::kAuto);
  const Cascade& heads = stage_.heads;
  const int64_t depth = heads.depth();
  compute_type_ = ComputeType(executor.precision, heads.output_bias.scalar_type());
  const auto first_alpha = options.alphas.begin() + stage_.first_module;
  options_.alphas.assign(first_alpha, first_alpha + depth);
  alphas_ = at::tensor(options_.alphas).to(heads.output_bias.options());
  const std::vector<NamedTensor> body = Learning(BodyTensors(stage_));
  body_learns_ = options_.extractor_learns() && !body.empty();
  body_size_ = static_cast<std::ptrdiff_t>(body.size());
  if (options_.overlap) {
    for (size_t b = 0; b + 1 < stage_.blocks.size(); ++b)
      last_block_ += Learning(BodyTensors(OnlyBlock(stage_, b))).size();
    if (before != nullptr) borrowed_ = OnlyBlock(*before, before->blocks.size() - 1);
  }
  const bool chunks = executor.chunk > 0 && executor_ != Executor::kSerial;
  const int64_t size = chunks ? std::min(executor.chunk, depth) : depth;
  const Cascade gradients = ZerosLike(heads.Slice(0, size));
  for (int64_t begin = 0; begin < depth; begin += size) {
    const int64_t end = std::min(begin + size, depth);
    chunks_.push_back({begin, end, heads.Slice(begin, end), gradients.Slice(0, end - begin),
                       optimizer_.OfHeads(begin, end, /*others=*/end == depth)});
  }
}

BodyResult StageLearner::BodyForward(const Stage& leaves, const Stage& borrowed, const Hand& in,
                                     PhaseTimer& timer) const {
  const ScopedPhase phase(timer, "extractor forward");
  const at::AutoGradMode mode(body_learns_);
  at::Tensor x = in.features.to(compute_type_);
  if (!borrowed.blocks.empty()) {
    // Its owner writes its statistics.
    x = borrowed.blocks[0].forward(x, CastBody(borrowed, compute_type_).tensors[0], {.training = true});
  }
  return RunBody(CastBody(leaves, compute_type_), x, {.training = true, .write_statistics = true});
}

StageResult StageLearner::Step(const Hand& in, const at::Tensor& learning_rate, PhaseTimer& timer,
                               const HandOn& hand_on) {
  const Stage leaves = body_learns_ ? WithLeaves(stage_) : stage_, borrowed = WithLeaves(borrowed_);
  const BodyResult body = BodyForward(leaves, borrowed, in, timer);
  const StepInputs inputs{body.features.detach(), in.log_y};
  const at::Tensor features_gradient = EmptyFeaturesGradient(inputs);
  const at::Tensor& to_next = options_.overlap ? body.last_input : body.output;
  StageResult result{{to_next.detach(), in.log_belief, in.log_y}, {}, inputs.features, {}};
  std::vector<at::Tensor> losses;
  for (Chunk& chunk : chunks_) {
    const ChunkResult updated = UpdateHeads(chunk, inputs, result.hand.log_belief, timer, features_gradient);
    losses.push_back(updated.losses);
    result.hand.log_belief = updated.log_belief;
    const bool last = &chunk == &chunks_.back();
    if (last && !options_.overlap) hand_on(result.hand);
    std::vector<at::Tensor> gradients = Tensors(chunk.gradients);
    if (last && body_learns_) {
      const auto all = BodyBackward(body.features, leaves, borrowed, features_gradient, timer);
      const auto own_end = all.begin() + body_size_;
      result.given_back.assign(own_end, all.end());
      gradients.insert(gradients.end(), all.begin(), own_end);
      if (options_.overlap) {
        const std::vector<at::Tensor> from_next = hand_on(result.hand);
        const auto last_block = gradients.end() - body_size_ + last_block_;
        for (size_t k = 0; k < from_next.size(); ++k) last_block[static_cast<std::ptrdiff_t>(k)] += from_next[k];
      }
    }
    const ScopedPhase phase(timer, "optimizer");
    chunk.optimizer.Step(std::move(gradients), learning_rate);
  }
  result.losses = at::concat(losses);
  return result;
}

std::vector<NamedTensor> StageLearner::State() const {
  std::vector<NamedTensor> state = AllTensors(stage_);
  for (NamedTensor& tensor : optimizer_.State()) state.push_back(std::move(tensor));
  return state;
}

at::Tensor StageLearner::EmptyFeaturesGradient(const StepInputs& inputs) const {
  if (!body_learns_) return {};
  const at::TensorOptions type(inputs.log_y.scalar_type());
  const at::Tensor sum = at::zeros_like(inputs.features, type);
  return WritesApart() ? at::stack(std::vector<at::Tensor>(stage_.heads.depth(), sum)) : sum;
}

ChunkResult StageLearner::UpdateHeads(const Chunk& chunk, const StepInputs& inputs, const at::Tensor& log_q,
                                      PhaseTimer& timer, const at::Tensor& features_gradient) const {
  const Cascade heads = Cast(chunk.heads, compute_type_);
  const bool apart = body_learns_ && WritesApart();
  at::Tensor own = apart ? features_gradient.slice(0, chunk.begin, chunk.end) : features_gradient;
  if (executor_ == Executor::kSerial) {
    return SerialUpdate(heads, stage_.first_module, options_.divergence, options_.alphas, inputs, log_q, timer,
                        chunk.gradients, own);
  }
  return BatchedUpdate(executor_ == Executor::kCuda ? ChainByKernel : ChainByOperations, heads, options_.divergence,
                       alphas_.slice(0, chunk.begin, chunk.end), inputs, log_q, timer, chunk.gradients, own);
}

std::vector<at::Tensor> StageLearner::BodyBackward(const at::Tensor& features, const Stage& leaves,
                                                   const Stage& borrowed, at::Tensor gradient,
                                                   PhaseTimer& timer) const {
  const ScopedPhase phase(timer, "extractor backward");
  const ExtractorGradient how = options_.extractor_gradient;
  if (how == ExtractorGradient::kPcgrad) {
    gradient = CombineByPcgrad(gradient);
  } else {
    if (WritesApart()) gradient = gradient.sum(0);
    if (how == ExtractorGradient::kMean) gradient = gradient / stage_.heads.depth();
  }
  std::vector<at::Tensor> by = Tensors(Learning(BodyTensors(leaves)));
  for (at::Tensor& tensor : Tensors(Learning(BodyTensors(borrowed)))) by.push_back(std::move(tensor));
  return torch::autograd::grad({features}, by, {gradient.to(features.scalar_type())});
}

}  // namespace sid
