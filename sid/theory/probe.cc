#include "sid/theory/probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

#include <algorithm>
#include <utility>

#include "sid/belief/belief.h"

namespace sid {

Batch ProbeBatch(const Examples& examples, const ChannelStatistics& statistics, int64_t count) {
  const int64_t all = examples.size(), taken = std::min(count, all);
  const at::Tensor index = (at::arange(taken, examples.labels.options()) * all).floor_divide(taken);
  return OrderedBatch({examples.images.index_select(0, index), examples.labels.index_select(0, index)}, statistics, 0,
                      taken);
}

Probe::Probe(const Learner& learner, Batch batch, ProbeOptions options)
    : learner_(learner), batch_(std::move(batch)), options_(std::move(options)) {}

void Probe::BeforeStep() {
  const at::NoGradGuard no_graph;
  const Inspection seen = learner_.Inspect(batch_, /*gradients=*/true);
  log_beliefs_ = seen.log_beliefs;
  const at::Tensor log_y =
      TargetBelief(batch_.labels, log_beliefs_.size(2), options_.smoothing, log_beliefs_.scalar_type());
  record_ = {};
  record_.theory = Summarise(Measure(options_.divergence, options_.alphas, log_y, log_beliefs_));
  record_.accuracy = ToVector(log_beliefs_.slice(0, 1).argmax(-1).eq(batch_.labels).to(at::kDouble).mean(1));
  record_.weight_norm = ToVector(seen.weight_norm);
  if (seen.gradient_norm.defined()) record_.gradient_norm = ToVector(seen.gradient_norm);
  if (seen.active.defined()) record_.active = ToVector(seen.active);
  if (seen.features_gradients.defined()) record_.conflict = CompareGradients(seen.features_gradients);
}

ProbeRecord Probe::AfterStep(int64_t step) {
  const at::NoGradGuard no_graph;
  const at::Tensor after = learner_.Inspect(batch_, /*gradients=*/false).log_beliefs;
  const at::Tensor moved = Diverge(options_.divergence, log_beliefs_.to(at::kDouble), after.to(at::kDouble));
  // Module i's teacher is belief i-1; rounding may leave a divergence just below 0.
  record_.staleness = ToVector(moved.slice(0, 0, -1).mean(1).clamp_min(0));
  record_.step = step;
  return record_;
}

}  // namespace sid
