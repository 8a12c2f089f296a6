#include "sid/theory/quantities.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include "sid/belief/belief.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Below the logarithm of every double but 0.
constexpr double kLeastLogarithm = -1e3;

at::Tensor Entropy(const at::Tensor& log_p) { return -(log_p.exp() * log_p).sum(-1); }

std::vector<double> MeanOverSamples(const at::Tensor& values) { return ToVector(values.mean(-1)); }

}  // namespace

std::vector<double> ToVector(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

Quantities Measure(Divergence divergence, const std::vector<double>& alphas, const at::Tensor& log_y,
                   const at::Tensor& log_beliefs) {
  const at::NoGradGuard no_graph;
  CHECK_EQ(static_cast<int64_t>(alphas.size()) + 1, log_beliefs.size(0));
  const at::Tensor log_p = at::log_softmax(log_beliefs.to(at::kDouble), -1), log_t = log_y.to(at::kDouble);
  const at::Tensor alpha = at::tensor(alphas, at::kDouble).to(log_p.device()).unsqueeze(1);
  Quantities result;
  result.divergence = Diverge(divergence, log_t, log_p);
  const at::Tensor before = result.divergence.slice(0, 0, -1), after = result.divergence.slice(0, 1);
  result.loss = LocalLoss(divergence, alpha, log_t, log_p.slice(0, 0, -1), log_p.slice(0, 1));
  result.failure = (result.loss - alpha * before).clamp_min(0);
  result.bound = result.divergence[0] + (result.failure / alpha).cumsum(0);
  result.contraction = at::where(before.eq(0).logical_and(after.eq(0)), at::ones_like(after), after / before);
  result.entropy = Entropy(log_p);
  return result;
}

QuantitySummary Summarise(const Quantities& quantities) {
  const at::Tensor after = quantities.divergence.slice(0, 1);
  const at::Tensor fell = after.lt(quantities.divergence.slice(0, 0, -1));
  return {.divergence = MeanOverSamples(quantities.divergence),
          .loss = MeanOverSamples(quantities.loss),
          .failure = MeanOverSamples(quantities.failure),
          .bound = MeanOverSamples(quantities.bound),
          .contraction = ToVector(std::get<0>(quantities.contraction.median(-1))),
          .entropy = MeanOverSamples(quantities.entropy),
          .fell = MeanOverSamples(fell.to(at::kDouble)),
          .fell_everywhere = fell.all(0).to(at::kDouble).mean().item<double>(),
          .largest_excess = (after - quantities.bound).max().item<double>()};
}

std::vector<double> AttainableDivergence(Divergence divergence, const std::vector<double>& alphas, int64_t classes,
                                         double smoothing) {
  // All classes are alike: one label stands for all.
  const at::Tensor log_y = TargetBelief(at::full({1}, 0, at::kLong), classes, smoothing, at::kDouble);
  at::Tensor log_p = UniformBelief(1, classes, at::kDouble);
  std::vector<double> attainable{Diverge(divergence, log_y, log_p).item<double>()};
  for (const double alpha : alphas) {
    // alpha = 1 with a one-hot target leaves probabilities of 0, whose logarithms no divergence takes.
    log_p = LogMinimiser(divergence, alpha, log_y, log_p).clamp_min(kLeastLogarithm);
    attainable.push_back(Diverge(divergence, log_y, log_p).item<double>());
  }
  return attainable;
}

}  // namespace sid
