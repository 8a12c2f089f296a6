#pragma once

// How good every depth's belief is, on examples that are not trained on.
//
//   images --Predict--> log p_0 .. log p_L --> accuracy, mean D(y, p_i), mean loss, by depth

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "sid/belief/divergence.h"
#include "sid/learner/learner.h"

namespace sid {

struct EvaluationOptions {
  Divergence divergence = Divergence::kForward;
  double smoothing = 0;  // of the target y in D(y, p_i)
  int64_t batch_size = 500;
};

// Entry i-1 is depth i. Empty where there were no examples.
struct DepthMetrics {
  std::vector<double> accuracy;    // fraction whose most believed class is the label
  std::vector<double> divergence;  // mean D(y, p_i), nats
  std::vector<double> loss;        // mean of the learner's loss there; NaN where it has none
};

// `examples` on the learner's device; one pass, nothing kept of it but the sums.
DepthMetrics Evaluate(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
                      const EvaluationOptions& options);

}  // namespace sid
