#include "train/probing.h"

#include <memory>

namespace sid {

void AddProbe(const PreparedRun& run, const std::function<absl::Status(const ProbeRecord&)>& on_record,
              TrainingHooks& hooks) {
  const int64_t every = run.config.probe_every;
  if (every == 0) return;
  const Dataset& dataset = run.dataset;
  const Examples& examples = dataset.validation.size() > 0 ? dataset.validation : dataset.train;
  const auto probe =
      std::make_shared<Probe>(*run.learner, ProbeBatch(examples, dataset.statistics, run.config.batch_size), run.probe);
  hooks.looks = [=](int64_t step) { return step % every == 0; };
  hooks.before_step = [=](int64_t step) {
    if (step % every == 0) probe->BeforeStep();
    return absl::OkStatus();
  };
  hooks.after_step = [=](int64_t step) {
    return step % every == 0 ? on_record(probe->AfterStep(step)) : absl::OkStatus();
  };
}

}  // namespace sid
