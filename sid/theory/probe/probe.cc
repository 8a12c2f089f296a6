#include "sid/theory/probe/probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <utility>

#include "sid/belief/belief.h"

namespace sid {
namespace {

std::vector<double> ToVector(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

// |theta_i| for every module, [L]: the stacks' rows, squared and summed.
at::Tensor WeightNorms(const Cascade& cascade) {
  at::Tensor squares;
  for (const Parameter& parameter : Parameters(cascade)) {
    const at::Tensor own = parameter.tensor.flatten(1).square().sum(1);
    squares = squares.defined() ? squares + own : own;
  }
  return squares.sqrt();
}

}  // namespace

Batch ProbeBatch(const Examples& examples, const ChannelStatistics& statistics, int64_t count) {
  const int64_t all = examples.size(), taken = std::min(count, all);
  const at::Tensor index = (at::arange(taken, examples.labels.options()) * all).floor_divide(taken);
  return OrderedBatch({examples.images.index_select(0, index), examples.labels.index_select(0, index)}, statistics, 0,
                      taken);
}

Probe::Probe(Network network, Batch batch, ProbeOptions options)
    : network_(std::move(network)),
      batch_(std::move(batch)),
      options_(std::move(options)),
      log_y_(TargetBelief(batch_.labels, network_.cascade.classes(), options_.smoothing,
                          network_.cascade.output_bias.scalar_type())) {}

void Probe::BeforeStep() {
  const at::NoGradGuard no_graph;
  const at::Tensor z = network_.extractor.Forward(batch_.images);
  log_beliefs_ = at::stack(Beliefs(network_.cascade, z));
  record_ = {};
  record_.theory = Summarise(Measure(options_.divergence, options_.alphas, log_y_, log_beliefs_));
  record_.accuracy = ToVector(log_beliefs_.slice(0, 1).argmax(-1).eq(batch_.labels).to(at::kDouble).mean(1));
  record_.weight_norm = ToVector(WeightNorms(network_.cascade));
  if (!options_.local_losses) return;
  const ModuleGradients gradients =
      GradientsByModule(network_.cascade, options_.divergence, options_.alphas, z, log_y_, log_beliefs_);
  record_.gradient_norm = ToVector(gradients.norm);
  record_.active = ToVector(gradients.active);
  record_.conflict = CompareGradients(gradients.features);
}

ProbeRecord Probe::AfterStep(int64_t step) {
  const at::NoGradGuard no_graph;
  const at::Tensor after = at::stack(Beliefs(network_.cascade, network_.extractor.Forward(batch_.images)));
  const at::Tensor moved = Diverge(options_.divergence, log_beliefs_.to(at::kDouble), after.to(at::kDouble));
  // Module i's teacher is belief i-1; rounding may leave a divergence just below 0.
  record_.staleness = ToVector(moved.slice(0, 0, -1).mean(1).clamp_min(0));
  record_.step = step;
  return record_;
}

}  // namespace sid
