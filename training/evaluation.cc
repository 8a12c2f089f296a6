#include "training/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "data/batches/batches.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

// Adds the sums of one batch, in double: [L] for accuracy and divergence, [LossDepths] for losses.
struct Sums {
  at::Tensor correct, divergence, losses;

  void Add(const Learner& learner, const Batch& batch, const EvaluationOptions& options) {
    const at::Tensor log_beliefs = learner.Predict(batch.images), log_p = log_beliefs.slice(0, 1);
    const at::Tensor log_y = TargetBelief(batch.labels, log_p.size(2), options.smoothing, log_p.scalar_type());
    Accumulate(correct, log_p.argmax(-1).eq(batch.labels));
    Accumulate(divergence, Diverge(options.divergence, log_y, log_p));
    Accumulate(losses, learner.Losses(batch.labels, log_beliefs));
  }

  static void Accumulate(at::Tensor& sum, const at::Tensor& by_example) {
    const at::Tensor batch_sum = by_example.sum(1, /*keepdim=*/false, at::kDouble);
    sum = sum.defined() ? sum + batch_sum : batch_sum;
  }
};

std::vector<double> Mean(const at::Tensor& sum, int64_t count) {
  const at::Tensor mean = (sum / static_cast<double>(count)).to(at::kCPU).contiguous();
  return {mean.data_ptr<double>(), mean.data_ptr<double>() + mean.numel()};
}

}  // namespace

DepthMetrics Evaluate(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
                      const EvaluationOptions& options) {
  const int64_t count = examples.size();
  if (count == 0) return {};
  const at::NoGradGuard no_grad;
  Sums sums;
  for (int64_t begin = 0; begin < count; begin += options.batch_size) {
    const int64_t end = std::min(begin + options.batch_size, count);
    sums.Add(learner, OrderedBatch(examples, statistics, begin, end), options);
  }
  DepthMetrics metrics{Mean(sums.correct, count), Mean(sums.divergence, count), {}};
  metrics.loss.assign(metrics.accuracy.size(), std::numeric_limits<double>::quiet_NaN());
  const std::vector<double> losses = Mean(sums.losses, count);
  const std::vector<int64_t> depths = learner.LossDepths();
  for (size_t k = 0; k < depths.size(); ++k) metrics.loss.at(depths[k] - 1) = losses[k];
  return metrics;
}

}  // namespace sid
