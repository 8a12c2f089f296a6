#include "training/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "training/loss_log.h"
#include "training/step_runner.h"

namespace sid {
namespace {

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

class Trainer {
 public:
  Trainer(const Dataset& dataset, const TrainingOptions& options, const TrainingHooks& hooks, PhaseTimer& timer,
          Learner& learner)
      : dataset_(dataset),
        options_(options),
        hooks_(hooks),
        learner_(learner),
        batches_(dataset.train, dataset.statistics, options.batches),
        steps_(batches_.steps_per_epoch()),
        log_(steps_, learner),
        runner_(batches_, options.capture && hooks.pipeline == nullptr ? MakeCudaGraph(batches_.device()) : nullptr,
                timer, learner, log_, hooks.pipeline),
        validation_(learner, dataset.validation, dataset.statistics, options.evaluation,
                    options.capture ? MakeCudaGraph(batches_.device()) : nullptr),
        start_(hooks.clock()) {
    schedule_ = {options.schedule, options.learning_rate,
                 std::llround(options.warmup_epochs * static_cast<double>(steps_)), options.epochs * steps_};
    state_.tensors = learner.State();
  }

  absl::StatusOr<TrainingResult> Run() {
    SID_RETURN_IF_ERROR(Begin());
    TrainingResult result;
    while (state_.epoch <= options_.epochs) {
      absl::StatusOr<EpochRecord> record = TrainEpoch();
      if (diverged_) {
        SID_RETURN_IF_ERROR(RollBack(record.status()));
        while (!result.epochs.empty() && result.epochs.back().epoch >= state_.epoch) result.epochs.pop_back();
        continue;
      }
      SID_RETURN_IF_ERROR(record.status());
      SID_RETURN_IF_ERROR(EndEpoch(*record));
      result.epochs.push_back(*std::move(record));
    }
    const auto test = [&](const BeliefsOfBatch& look) {
      return Evaluate(learner_, dataset_.test, dataset_.statistics, options_.evaluation, look);
    };
    if (state_.best.epoch != options_.epochs) result.last_test = test(nullptr);
    SID_RETURN_IF_ERROR(CopyTensors(state_.best.weights, Weights(learner_)));
    result.best_epoch = state_.best.epoch;
    result.rollbacks = state_.rollbacks;
    result.test = test(hooks_.on_test);
    if (state_.best.epoch == options_.epochs) result.last_test = result.test;
    result.seconds = Seconds();
    return result;
  }

 private:
  absl::Status Begin() {
    // A state at the very beginning: there is always one to go back to, and a folder that cannot hold it shows at once.
    if (!hooks_.from) {
      TellPipeline();
      return Save();
    }
    seconds_before_ = hooks_.from->seconds;
    SID_RETURN_IF_ERROR(Take(*hooks_.from));
    steps_before_ = StepsDone();
    return absl::OkStatus();
  }

  // A whole file may yet be of another run: what it counts must fit this one.
  absl::Status CheckProgress(const TrainingState& state) const {
    const LossSums& losses = state.losses;
    const bool in_an_epoch = state.epoch >= 1 && state.epoch <= options_.epochs && state.step <= steps_;
    const bool at_the_end = state.epoch == options_.epochs + 1 && state.step == 0;
    const bool counts = state.step >= 0 && losses.steps == state.step && state.rollbacks >= 0;
    const bool sums = losses.sums.size() == learner_.LossDepths().size() || (state.step == 0 && losses.sums.empty());
    // Else the best weights would turn out to be missing when all is done.
    if (state.epoch > 1) SID_RETURN_IF_ERROR(CheckTensors(state.best.weights, Weights(learner_)));
    if ((in_an_epoch || at_the_end) && counts && sums) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the state to go on from does not fit this run of ", options_.epochs,
                                            " epochs of ", steps_, " steps: it is at epoch ", state.epoch, ", step ",
                                            state.step, ", with losses of ", losses.steps, " steps"));
  }

  // Takes over a state, and its tensors into the learner's own.
  absl::Status Take(const TrainingState& state) {
    SID_RETURN_IF_ERROR(CheckTensors(state.tensors, state_.tensors));
    SID_RETURN_IF_ERROR(CheckProgress(state));
    SID_RETURN_IF_ERROR(CopyTensors(state.tensors, state_.tensors));
    std::vector<NamedTensor> own = std::move(state_.tensors);
    state_ = state;
    state_.tensors = std::move(own);
    TellPipeline();
    return absl::OkStatus();
  }

  void TellPipeline() {
    if (hooks_.pipeline != nullptr) hooks_.pipeline->TakeState();
  }

  absl::StatusOr<EpochRecord> TrainEpoch() {
    shown_ = epoch_start_ = hooks_.clock();
    const int64_t first_step = state_.step;
    log_.StartEpoch(state_.losses);
    batches_.StartEpoch(state_.epoch);
    while (state_.step < steps_) {
      const int64_t step = StepsDone();
      const bool looks = hooks_.looks(step);
      if (looks) runner_.Drain();
      SID_RETURN_IF_ERROR(hooks_.before_step(step));
      runner_.Run(state_.step, LearningRate(step));
      if (looks) runner_.Drain();
      SID_RETURN_IF_ERROR(hooks_.after_step(step));
      ++state_.step;
      SID_RETURN_IF_ERROR(AfterStep(first_step));
    }
    const std::vector<double> losses = log_.MeanLosses();
    return EpochRecord{state_.epoch, 0, Mean(losses), losses, log_.Accuracy(), LearningRate(StepsDone() - 1), {}};
  }

  // Looks at the step where that is free (the CPU has computed already) or due, and keeps the state where that is.
  absl::Status AfterStep(int64_t first_step) {
    const bool last = state_.step == steps_;
    const bool stop = hooks_.stop() && (last || CanStop());
    const bool save = stop || (!last && IsSaveDue());
    const bool show = last || hooks_.clock() - shown_ >= hooks_.progress_interval;
    if (!save && !show && batches_.device().is_cuda()) return absl::OkStatus();
    if (save || last) runner_.Drain();
    const int64_t ended = runner_.ended();
    const absl::Status checked = log_.Check(ended, Images(ended), state_.epoch, LearningRate(StepsDone() - 1));
    diverged_ = !checked.ok();
    SID_RETURN_IF_ERROR(checked);
    state_.losses = log_.sums();
    if (show && ended > 0) Report(first_step);
    if (save) SID_RETURN_IF_ERROR(Save());
    if (!stop) return absl::OkStatus();
    return absl::CancelledError(
        absl::StrCat("stopped after step ", state_.step, " of ", steps_, " in epoch ", state_.epoch));
  }

  absl::Status EndEpoch(EpochRecord& record) {
    record.validation = validation_.Measure();
    record.seconds = Seconds();
    state_.best.Offer(state_.epoch, record.validation, learner_);
    SID_RETURN_IF_ERROR(hooks_.on_epoch(record));
    const bool stop = hooks_.stop();
    const bool save = stop || options_.checkpoint_every == 0 || state_.epoch == options_.epochs || IsSaveDue();
    ++state_.epoch;
    state_.step = 0;
    state_.losses = {};
    if (save) SID_RETURN_IF_ERROR(Save());
    return stop ? absl::CancelledError(absl::StrCat("stopped after epoch ", record.epoch)) : absl::OkStatus();
  }

  // A pipeline that is not exact stops where it is drained in any case: the run that goes on would not have its bits else.
  bool CanStop() const { return hooks_.pipeline == nullptr || hooks_.pipeline->is_exact() || IsSaveDue(); }

  bool IsSaveDue() const { return options_.checkpoint_every > 0 && StepsDone() % options_.checkpoint_every == 0; }

  absl::Status Save() {
    if (!hooks_.save) return absl::OkStatus();
    state_.seconds = Seconds();
    return hooks_.save(state_);
  }

  absl::Status RollBack(const absl::Status& why) {
    diverged_ = false;
    if (options_.on_nan == OnNan::kStop || !hooks_.load) return why;
    runner_.Drain();
    // The state in the file may be from before the last rollback.
    const int64_t rollbacks = state_.rollbacks + 1;
    if (rollbacks > kMostRollbacks) {
      return absl::InternalError(absl::StrCat(why.message(), "; ", kMostRollbacks,
                                              " rollbacks, each to half the learning rate, did not help"));
    }
    SID_ASSIGN_OR_RETURN(const TrainingState saved, hooks_.load());
    SID_RETURN_IF_ERROR(Take(saved));
    state_.rollbacks = rollbacks;
    hooks_.on_rollback(absl::StrCat(why.message(), "; rollback ", rollbacks, " of ", kMostRollbacks, ": back to epoch ",
                                    state_.epoch, ", step ", state_.step, ", and on with ",
                                    LearningRateScale(rollbacks), " of the learning rate"));
    return absl::OkStatus();
  }

  void Report(int64_t first_step) {
    shown_ = hooks_.clock();
    const auto images = static_cast<double>(Images(state_.step) - first_step * options_.batches.batch_size);
    const auto done = static_cast<double>(StepsDone()), all = static_cast<double>(options_.epochs * steps_);
    hooks_.on_progress({state_.epoch, options_.epochs, state_.step, steps_, Mean(log_.MeanLosses()), log_.Accuracy(),
                        images / (shown_ - epoch_start_),
                        (hooks_.clock() - start_) / (done - static_cast<double>(steps_before_)) * (all - done),
                        dataset_.validation.size() > 0 ? state_.best.epoch : 0});
  }

  int64_t StepsDone() const { return (state_.epoch - 1) * steps_ + state_.step; }
  // Of the running epoch's first steps.
  int64_t Images(int64_t steps) const { return std::min(steps * options_.batches.batch_size, dataset_.train.size()); }
  double LearningRate(int64_t step) const { return schedule_.LearningRate(step) * LearningRateScale(state_.rollbacks); }
  double Seconds() const { return seconds_before_ + hooks_.clock() - start_; }

  const Dataset& dataset_;
  const TrainingOptions& options_;
  const TrainingHooks& hooks_;
  Learner& learner_;
  ShuffledBatches batches_;
  int64_t steps_;  // of an epoch
  LossLog log_;
  StepRunner runner_;
  Evaluator validation_;
  Schedule schedule_;
  TrainingState state_;
  bool diverged_ = false;
  // Clock readings: when this began, its running epoch, and when progress was shown last.
  double start_, epoch_start_ = 0, shown_ = 0;
  // Of training before this began.
  double seconds_before_ = 0;
  int64_t steps_before_ = 0;
};

}  // namespace

std::vector<std::string> OnNanNames() { return {"stop", "rollback"}; }

absl::StatusOr<OnNan> ParseOnNan(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("way to handle NaN", name, OnNanNames()));
  return static_cast<OnNan>(index);
}

absl::StatusOr<TrainingResult> Train(const Dataset& dataset, const TrainingOptions& options, const TrainingHooks& hooks,
                                     PhaseTimer& timer, Learner& learner) {
  return Trainer(dataset, options, hooks, timer, learner).Run();
}

}  // namespace sid
