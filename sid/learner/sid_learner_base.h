#pragma once

// What SID's learners have in common, whichever executor moves the weights: everything but the step.

#include <vector>

#include "base/machine/precision.h"
#include "sid/learner/learner.h"
#include "sid/update/options.h"

namespace sid {

class SidLearnerBase : public Learner {
 public:
  // Products are computed in `precision`.
  SidLearnerBase(Network network, SidOptions options, Precision precision);

  std::string name() const override { return "sid"; }
  at::Tensor Predict(const at::Tensor& images) const override;
  std::vector<int64_t> LossDepths() const override;
  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override;
  std::vector<Parameter> Parameters() const override;

 protected:
  // What is updated of a network, or of its gradients: without the extractor where that stays as it is, which no optimizer with its
  // weight decay may touch then.
  Network Learning(Network network) const;

  Network network_;
  SidOptions options_;
  at::ScalarType compute_type_;
};

}  // namespace sid
