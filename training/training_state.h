#pragma once

// Everything that decides the future of a training run, as it stands between two steps:
//
//   Trainer --state--> SaveCheckpoint --file--> LoadCheckpoint --state--> Trainer, which goes on to the same bits
//
// There is no random state in it: orders and augmentation depend on (seed, epoch, step) alone (data/batches), the learning
// rate on the step and on how often it was halved.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "sid/learner/learner.h"
#include "training/evaluation.h"
#include "training/loss_log.h"

namespace sid {

// After as many rollbacks a training whose numbers are not finite ends.
inline constexpr int64_t kMostRollbacks = 3;

// What is left of the learning rate after so many.
double LearningRateScale(int64_t rollbacks);

// The weights of the best epoch so far: what a training run gives back in the end.
struct BestWeights {
  int64_t epoch = 0;    // from 1; 0 before the first
  double accuracy = 0;  // on the validation part, of the deepest belief; 0 without such a part
  std::vector<NamedTensor> weights;

  // Takes the learner's weights if they are the best: the first of equals; the latest where nothing was measured.
  void Offer(int64_t offered_epoch, const DepthMetrics& validation, const Learner& learner);
};

struct TrainingState {
  int64_t epoch = 1;      // the running one, from 1; one more than there are when all is done
  int64_t step = 0;       // steps of it that are done
  int64_t rollbacks = 0;  // each has halved the learning rate
  double seconds = 0;     // of training so far
  LossSums losses;        // of the running epoch's steps
  BestWeights best;
  std::vector<NamedTensor> tensors;  // Learner::State
};

// Whether any training can have left these numbers: what came from a file may say anything. InvalidArgument names what is wrong.
absl::Status CheckNumbers(const TrainingState& state);

// That every target has a saved tensor of its name, shape and type. InvalidArgument names the first that has none.
absl::Status CheckTensors(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& targets);

// Copies saved tensors over those of the same name and shape; nothing where CheckTensors has an error.
absl::Status CopyTensors(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& targets);

}  // namespace sid
