#include "training/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "data/batches/batches.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

// Of each row, in double.
at::Tensor Sum(const at::Tensor& by_example) { return by_example.sum(1, /*keepdim=*/false, at::kDouble); }

}  // namespace

Evaluator::Evaluator(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
                     const EvaluationOptions& options, std::unique_ptr<Graph> graph)
    : learner_(learner), examples_(examples), statistics_(statistics), options_(options), graph_(std::move(graph)) {
  if (graph_ != nullptr) begin_ = at::zeros({}, examples.labels.options());
}

DepthMetrics Evaluator::Measure(const BeliefsOfBatch& look) {
  const int64_t count = examples_.size();
  if (count == 0) return {};
  const at::NoGradGuard no_grad;
  if (sums_.defined()) sums_.zero_();
  for (int64_t begin = 0; begin < count; begin += options_.batch_size) {
    const int64_t end = begin + options_.batch_size;
    if (graph_ != nullptr && end <= count && !look) {
      begin_.fill_(begin);
      graph_->Run([this] { AddFromDevice(); });
    } else {
      Add(OrderedBatch(examples_, statistics_, begin, std::min(end, count), options_.type), look);
    }
  }
  return Means();
}

void Evaluator::Add(const Batch& batch, const BeliefsOfBatch& look) {
  const at::Tensor log_beliefs = learner_.Predict(batch.images), log_p = log_beliefs.slice(0, 1);
  const at::Tensor log_y = TargetBelief(batch.labels, log_p.size(2), options_.smoothing, log_p.scalar_type());
  const at::Tensor sums =
      at::concat({Sum(log_p.argmax(-1).eq(batch.labels)), Sum(Diverge(options_.divergence, log_y, log_p)),
                  Sum(learner_.Losses(batch.labels, log_beliefs))});
  if (!sums_.defined()) sums_ = at::zeros_like(sums);
  sums_.add_(sums);
  if (look) look(batch, log_beliefs);
}

void Evaluator::AddFromDevice() {
  const at::Tensor places = begin_ + at::arange(options_.batch_size, begin_.options());
  const Examples chosen{examples_.images.index_select(0, places), examples_.labels.index_select(0, places)};
  Add(OrderedBatch(chosen, statistics_, 0, chosen.size(), options_.type));
}

DepthMetrics Evaluator::Means() const {
  const std::vector<int64_t> depths = learner_.LossDepths();
  const at::Tensor means = (sums_ / static_cast<double>(examples_.size())).to(at::kCPU).contiguous();
  const double* const mean = means.data_ptr<double>();
  const int64_t depth = (means.numel() - static_cast<int64_t>(depths.size())) / 2;
  DepthMetrics metrics{{mean, mean + depth}, {mean + depth, mean + 2 * depth}, {}};
  metrics.loss.assign(depth, std::numeric_limits<double>::quiet_NaN());
  for (size_t k = 0; k < depths.size(); ++k) metrics.loss.at(depths[k] - 1) = mean[2 * depth + static_cast<int64_t>(k)];
  return metrics;
}

DepthMetrics Evaluate(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
                      const EvaluationOptions& options, const BeliefsOfBatch& look) {
  return Evaluator(learner, examples, statistics, options).Measure(look);
}

}  // namespace sid
