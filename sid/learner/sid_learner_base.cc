#include "sid/learner/sid_learner_base.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <numeric>
#include <utility>

#include "sid/belief/belief.h"
#include "sid/belief/divergence.h"
#include "third_party/logging/logging.h"

namespace sid {

SidLearnerBase::SidLearnerBase(Network network, SidOptions options, Precision precision)
    : network_(std::move(network)),
      options_(std::move(options)),
      compute_type_(ComputeType(precision, network_.cascade.hidden_bias.scalar_type())) {
  CHECK_EQ(static_cast<int64_t>(options_.alphas.size()), network_.cascade.depth());
}

at::Tensor SidLearnerBase::Predict(const at::Tensor& images) const {
  const at::NoGradGuard no_grad;
  return sid::Predict(Cast(network_, compute_type_), images.to(compute_type_));
}

std::vector<int64_t> SidLearnerBase::LossDepths() const {
  std::vector<int64_t> depths(network_.cascade.depth());
  std::iota(depths.begin(), depths.end(), 1);
  return depths;
}

at::Tensor SidLearnerBase::Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const {
  const at::NoGradGuard no_grad;
  const int64_t classes = network_.cascade.classes();
  const at::Tensor log_y = TargetBelief(labels, classes, options_.smoothing, log_beliefs.scalar_type());
  at::Tensor teacher = UniformBelief(labels.size(0), classes, log_beliefs.options());
  std::vector<at::Tensor> losses;
  for (int64_t i = 0; i < log_beliefs.size(0); ++i) {
    losses.push_back(LocalLoss(options_.divergence, options_.alphas[i], log_y, teacher, log_beliefs[i]));
    teacher = log_beliefs[i];
  }
  return at::stack(losses);
}

std::vector<Parameter> SidLearnerBase::Parameters() const { return sid::Parameters(network_); }

Network SidLearnerBase::Learning(Network network) const {
  if (!options_.extractor_learns()) network.extractor.layers.clear();
  return network;
}

}  // namespace sid
