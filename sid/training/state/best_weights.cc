#include "sid/training/state/best_weights.h"

namespace sid {

void BestWeights::Offer(int64_t offered_epoch, const DepthMetrics& validation, const Learner& learner) {
  const bool measured = !validation.accuracy.empty();
  if (measured && epoch > 0 && validation.accuracy.back() <= accuracy) return;
  epoch = offered_epoch;
  accuracy = measured ? validation.accuracy.back() : 0;
  weights = learner.Parameters();
  for (Parameter& parameter : weights) parameter.tensor = parameter.tensor.detach().clone();
}

}  // namespace sid
