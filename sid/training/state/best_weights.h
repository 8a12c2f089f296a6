#pragma once

// The weights of the best epoch so far: what a training run gives back in the end.

#include <cstdint>
#include <vector>

#include "sid/learner/learner.h"
#include "sid/training/evaluation.h"

namespace sid {

struct BestWeights {
  int64_t epoch = 0;    // from 1; 0 before the first
  double accuracy = 0;  // on the validation part, of the deepest belief; 0 without such a part
  std::vector<Parameter> weights;

  // Takes the learner's weights if they are the best: the first of equals; the latest where nothing was measured.
  void Offer(int64_t offered_epoch, const DepthMetrics& validation, const Learner& learner);
};

}  // namespace sid
