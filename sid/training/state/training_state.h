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
#include "sid/training/loss_log.h"
#include "sid/training/state/best_weights.h"

namespace sid {

// After as many rollbacks a training whose numbers explode ends.
inline constexpr int64_t kMostRollbacks = 3;

// What is left of the learning rate after so many.
double LearningRateScale(int64_t rollbacks);

struct TrainingState {
  int64_t epoch = 1;      // the running one, from 1; one more than there are when all is done
  int64_t step = 0;       // steps of it that are done
  int64_t rollbacks = 0;  // each has halved the learning rate
  double seconds = 0;     // of training so far
  LossSums losses;        // of the running epoch's steps
  BestWeights best;
  std::vector<Parameter> tensors;  // the learner's weights and its optimizer's state
};

// Whether any training can have left these numbers: what came from a file may say anything. InvalidArgument names what is wrong.
absl::Status CheckNumbers(const TrainingState& state);

// Weights and optimizer state, sharing the learner's memory, each name unique.
std::vector<Parameter> LearnerTensors(const Learner& learner);

// That every target has a saved tensor of its name, shape and type. InvalidArgument names the first that has none.
absl::Status CheckTensors(const std::vector<Parameter>& saved, const std::vector<Parameter>& targets);

// Copies saved tensors over those of the same name and shape; nothing where CheckTensors has an error.
absl::Status CopyTensors(const std::vector<Parameter>& saved, const std::vector<Parameter>& targets);

}  // namespace sid
