#pragma once

// Trains any learner: the same batches, schedule, evaluation and choice of the model for all of them.
//
//   for each epoch:  shuffled, augmented batches --Learner::Step--> weights;  validation: every depth's belief
//   at the end:      the weights of the epoch with the best validation accuracy at the deepest belief; with these, and only
//                    now, the test set, and beside it with the last epoch's
//
// Everything that happens depends on the options' seed, never on time: two runs on one machine give the same bits, and so does
// one that was broken off and goes on from a state that it has saved (training/training_state.h).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/batches/batches.h"
#include "data/dataset.h"
#include "sid/learner/learner.h"
#include "sid/optimizer/schedule.h"
#include "training/evaluation.h"
#include "training/pipeline.h"
#include "training/training_state.h"

namespace sid {

// What happens when a number is not finite (training/loss_log.h): the training stops, or goes back to the last saved state and on
// with half the learning rate, at most kMostRollbacks times
// (training/training_state.h).
enum class OnNan { kStop, kRollback };

std::vector<std::string> OnNanNames();
absl::StatusOr<OnNan> ParseOnNan(const std::string& name);

struct TrainingOptions {
  int64_t epochs = 10;
  BatchOptions batches;
  ScheduleShape schedule = ScheduleShape::kConstant;
  double learning_rate = 1e-3;
  double warmup_epochs = 0;
  EvaluationOptions evaluation;
  // On a GPU: the step, and that of the validation, captured once and replayed (training/step_runner.h, evaluation.h). Phases are then
  // not timed.
  bool capture = false;
  int64_t checkpoint_every = 0;  // steps; 0: at the end of each epoch
  OnNan on_nan = OnNan::kStop;
};

struct EpochRecord {
  int64_t epoch = 0;                        // from 1
  double seconds = 0;                       // since training began, evaluations included
  double train_loss = 0;                    // mean of the losses over steps and depths
  std::vector<double> train_loss_by_depth;  // as Learner::LossDepths
  double train_accuracy = 0;                // of the deepest belief, while its weights still moved
  double learning_rate = 0;                 // of the epoch's last step
  DepthMetrics validation;
};

struct TrainingResult {
  std::vector<EpochRecord> epochs;  // without those before the state that a resumed run began from
  // Best validation accuracy of the deepest belief, the first of equals; the last without validation data.
  int64_t best_epoch = 0;
  DepthMetrics test;       // of that epoch's weights
  DepthMetrics last_test;  // of the last epoch's: where labels are wrong, what the choice of an epoch rescues from
  int64_t rollbacks = 0;   // each has halved the learning rate
  double seconds = 0;
};

struct TrainingProgress {
  int64_t epoch = 0, epochs = 0;  // from 1
  int64_t step = 0, steps = 0;    // of the epoch, from 1
  double loss = 0, accuracy = 0;  // over the epoch so far
  double images_per_second = 0;   // of training, evaluations left out
  double seconds_left = 0;        // for all epochs
  int64_t best_epoch = 0;         // so far, by the validation part; 0 where there is none yet
};

struct TrainingHooks {
  // Seconds since any fixed time, as the library itself reads no clock. Required.
  std::function<double()> clock;
  // At most once in `progress_interval` seconds, and at an epoch's end. It waits for the device.
  std::function<void(const TrainingProgress&)> on_progress = [](const TrainingProgress&) {};
  double progress_interval = 0.25;
  // Takes the steps in the learner's place (training/pipeline.h); null: the learner itself takes them.
  Pipeline* pipeline = nullptr;
  // Before and after each update of the weights by a batch; `step` counts from 0 over all epochs. An error stops the training. Only at
  // steps that `looks` names has the learner made the steps before, and no other, for sure.
  std::function<bool(int64_t step)> looks = [](int64_t) { return false; };
  std::function<absl::Status(int64_t step)> before_step = [](int64_t) { return absl::OkStatus(); };
  std::function<absl::Status(int64_t step)> after_step = [](int64_t) { return absl::OkStatus(); };
  // After each epoch; an error stops the training.
  std::function<absl::Status(const EpochRecord&)> on_epoch = [](const EpochRecord&) { return absl::OkStatus(); };

  // Each batch of the test set, with the beliefs of the best epoch's weights.
  BeliefsOfBatch on_test;

  // Where training begins; without a value, from the beginning.
  std::optional<TrainingState> from;
  // Keeps a state, whose tensors are the learner's own: at the beginning, as the options say, after the last epoch, and before
  // stopping. Null: nothing is kept.
  std::function<absl::Status(const TrainingState&)> save;
  // What was kept last, for a rollback. It comes with `save`.
  std::function<absl::StatusOr<TrainingState>()> load;
  std::function<void(const std::string& what)> on_rollback = [](const std::string&) {};
  // Asked after each step and each validation: true ends the training, with Cancelled, as soon as the state is saved; with a pipeline that
  // is not exact that is where it is due.
  std::function<bool()> stop = [] { return false; };
};

// `dataset` and the learner's weights on one device. Afterwards the learner has the best epoch's weights. Internal
// error when a number is not finite, with step, phase, module and hint; Cancelled when it was stopped; otherwise a hook's error.
absl::StatusOr<TrainingResult> Train(const Dataset& dataset, const TrainingOptions& options, const TrainingHooks& hooks,
                                     PhaseTimer& timer, Learner& learner);

}  // namespace sid
