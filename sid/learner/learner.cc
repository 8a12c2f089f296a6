#include "sid/learner/learner.h"

#include <ATen/ops/scalar_tensor.h>

#include <numeric>

namespace sid {

std::vector<int64_t> AllDepths(int64_t depth) {
  std::vector<int64_t> depths(depth);
  std::iota(depths.begin(), depths.end(), 1);
  return depths;
}

StepResult Learner::Step(const Batch& batch, double learning_rate, PhaseTimer& timer) {
  return Step(batch, at::scalar_tensor(learning_rate, at::kDouble), timer);
}

}  // namespace sid
