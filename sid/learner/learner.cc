#include "sid/learner/learner.h"

#include <ATen/ops/scalar_tensor.h>

namespace sid {

StepResult Learner::Step(const Batch& batch, double learning_rate, PhaseTimer& timer) {
  return Step(batch, at::scalar_tensor(learning_rate, at::kDouble), timer);
}

}  // namespace sid
