#include "sid/training/trainer.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "base/status.h"
#include "sid/training/loss_log.h"
#include "sid/training/step_runner.h"

namespace sid {
namespace {

// The weights of the best epoch so far.
class BestWeights {
 public:
  void Offer(int64_t epoch, const DepthMetrics& validation, const Learner& learner) {
    const bool measured = !validation.accuracy.empty();
    if (measured && epoch_ > 0 && validation.accuracy.back() <= accuracy_) return;
    epoch_ = epoch;
    accuracy_ = measured ? validation.accuracy.back() : 0;
    weights_.clear();
    for (const Parameter& parameter : learner.Parameters()) weights_.push_back(parameter.tensor.detach().clone());
  }

  // Gives them back to the learner and says of which epoch they are.
  int64_t Restore(Learner& learner) const {
    const at::NoGradGuard no_grad;
    const std::vector<Parameter> parameters = learner.Parameters();
    for (size_t k = 0; k < weights_.size(); ++k) parameters[k].tensor.copy_(weights_[k]);
    return epoch_;
  }

 private:
  int64_t epoch_ = 0;
  double accuracy_ = 0;
  std::vector<at::Tensor> weights_;
};

class Trainer {
 public:
  Trainer(const Dataset& dataset, const TrainingOptions& options, const TrainingHooks& hooks, PhaseTimer& timer,
          Learner& learner)
      : dataset_(dataset),
        options_(options),
        hooks_(hooks),
        learner_(learner),
        batches_(dataset.train, dataset.statistics, options.batches),
        runner_(batches_, options.capture, timer, learner),
        start_(hooks.clock()) {
    const auto steps = static_cast<double>(batches_.steps_per_epoch());
    schedule_ = {options.schedule, options.learning_rate, std::llround(options.warmup_epochs * steps),
                 options.epochs * batches_.steps_per_epoch()};
  }

  absl::StatusOr<TrainingResult> Run() {
    TrainingResult result;
    BestWeights best;
    for (int64_t epoch = 1; epoch <= options_.epochs; ++epoch) {
      SID_ASSIGN_OR_RETURN(EpochRecord record, TrainEpoch(epoch));
      record.validation = Evaluate(learner_, dataset_.validation, dataset_.statistics, options_.evaluation);
      record.seconds = hooks_.clock() - start_;
      best.Offer(epoch, record.validation, learner_);
      SID_RETURN_IF_ERROR(hooks_.on_epoch(record));
      result.epochs.push_back(std::move(record));
    }
    result.best_epoch = best.Restore(learner_);
    result.test = Evaluate(learner_, dataset_.test, dataset_.statistics, options_.evaluation);
    result.seconds = hooks_.clock() - start_;
    return result;
  }

 private:
  absl::StatusOr<EpochRecord> TrainEpoch(int64_t epoch) {
    const int64_t steps = batches_.steps_per_epoch();
    const double begin = hooks_.clock();
    double shown = begin, rate = 0;
    LossLog log(steps, learner_.LossDepths());
    batches_.StartEpoch(epoch);
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t global_step = (epoch - 1) * steps + step;
      rate = schedule_.LearningRate(global_step);
      SID_RETURN_IF_ERROR(hooks_.before_step(global_step));
      const StepRunner::Outcome outcome = runner_.Run(step, rate);
      log.Add(outcome.result, outcome.labels);
      SID_RETURN_IF_ERROR(hooks_.after_step(global_step));
      if (step + 1 < steps && hooks_.clock() - shown < hooks_.progress_interval) continue;
      SID_RETURN_IF_ERROR(log.Check(epoch, rate));
      shown = hooks_.clock();
      Report(epoch, step + 1, shown - begin, log);
    }
    const std::vector<double> losses = log.MeanLosses();
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    return EpochRecord{epoch, 0, mean, losses, log.Accuracy(), rate, {}};
  }

  void Report(int64_t epoch, int64_t step, double epoch_seconds, const LossLog& log) const {
    const std::vector<double> losses = log.MeanLosses();
    const int64_t steps = batches_.steps_per_epoch(), examples = dataset_.train.size();
    const auto images = static_cast<double>(step == steps ? examples : step * options_.batches.batch_size);
    const auto done = static_cast<double>((epoch - 1) * steps + step),
               all = static_cast<double>(options_.epochs * steps);
    hooks_.on_progress({epoch, options_.epochs, step, steps,
                        std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size()),
                        log.Accuracy(), images / epoch_seconds, (hooks_.clock() - start_) / done * (all - done)});
  }

  const Dataset& dataset_;
  const TrainingOptions& options_;
  const TrainingHooks& hooks_;
  Learner& learner_;
  ShuffledBatches batches_;
  StepRunner runner_;
  Schedule schedule_;
  double start_;
};

}  // namespace

absl::StatusOr<TrainingResult> Train(const Dataset& dataset, const TrainingOptions& options, const TrainingHooks& hooks,
                                     PhaseTimer& timer, Learner& learner) {
  return Trainer(dataset, options, hooks, timer, learner).Run();
}

}  // namespace sid
