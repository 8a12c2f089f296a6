#include "reproducibility/experiments/experiment.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/json/write.h"
#include "base/lock.h"
#include "base/status.h"
#include "data/batches/batches.h"
#include "reproducibility/experiments/results.h"
#include "sid/belief/belief.h"
#include "training/trainer.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Numbers of a batch's beliefs: 100 MB in double, of which Measure holds a few copies.
constexpr int64_t kLargestBeliefs = 12'000'000;

Quantities Concatenate(const std::vector<Quantities>& parts) {
  const auto all = [&](at::Tensor Quantities::*member) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(parts.size());
    for (const Quantities& part : parts) tensors.push_back(part.*member);
    return at::cat(tensors, -1);
  };
  return {all(&Quantities::divergence), all(&Quantities::loss),        all(&Quantities::failure),
          all(&Quantities::bound),      all(&Quantities::contraction), all(&Quantities::entropy)};
}

absl::StatusOr<ordered_json> RunOne(const TrainConfig& config, const std::function<double()>& clock) {
  SID_ASSIGN_OR_RETURN(PreparedRun run, Prepare(config));
  TrainingHooks training{.clock = clock};
  std::vector<ProbeRecord> probes;
  const auto keep = [&probes](const ProbeRecord& record) {
    probes.push_back(record);
    return absl::OkStatus();
  };
  AddProbe(run, keep, training);
  PhaseTimer untimed;
  const auto result = Train(run.dataset, run.options, training, untimed, *run.learner);
  if (absl::IsInternal(result.status()))
    return FailureJson(config, run.dataset.classes(), std::string(result.status().message()));
  SID_RETURN_IF_ERROR(result.status());
  return ResultJson(config, run, *result, MeasureExamples(run, run.dataset.test), probes);
}

}  // namespace

QuantitySummary MeasureExamples(const PreparedRun& run, const Examples& examples) {
  const at::NoGradGuard no_graph;
  const int64_t classes = run.dataset.classes(), depth = run.config.depth;
  const int64_t size = std::clamp<int64_t>(kLargestBeliefs / (classes * (depth + 1)), 1, 500);
  std::vector<Quantities> parts;
  for (int64_t begin = 0; begin < examples.size(); begin += size) {
    const int64_t end = std::min(begin + size, examples.size());
    const Batch batch = OrderedBatch(examples, run.dataset.statistics, begin, end);
    const at::Tensor log_beliefs = run.learner->Predict(batch.images);
    const at::Tensor log_y = TargetBelief(batch.labels, classes, run.probe.smoothing, log_beliefs.scalar_type());
    parts.push_back(Measure(run.probe.divergence, run.probe.alphas, log_y, log_beliefs));
  }
  return Summarise(Concatenate(parts));
}

// Another process may be at work in the folder, even at this run: while one runs, others wait, so that each run is done once.
absl::StatusOr<FinishedOrKept> RunOrRead(const TrainConfig& config, const std::string& folder,
                                         const ordered_json& rules, const std::function<double()>& clock) {
  absl::StatusOr<ordered_json> result = ReadResult(folder, config);
  if (result.ok()) return FinishedOrKept{*std::move(result), true};
  if (!absl::IsNotFound(result.status())) return result.status();
  SID_ASSIGN_OR_RETURN(const auto lock, LockFolder(folder, IfLocked::kWait));
  result = ReadResult(folder, config);
  if (result.ok()) return FinishedOrKept{*std::move(result), true};
  if (!absl::IsNotFound(result.status())) return result.status();
  SID_ASSIGN_OR_RETURN(result, RunOne(config, clock));
  (*result)["rules"] = rules;
  Seal(*result);
  SID_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", ResultName(config)), ToText(*result, 1) + "\n"));
  return FinishedOrKept{*std::move(result), false};
}

std::string Describe(const TrainConfig& config, const ordered_json& result) {
  const std::string outcome =
      result.contains("failed")
          ? "failed: " + result.at("failed").get<std::string>()
          : absl::StrFormat("%.2f %%", 100 * result.at("test").at("accuracy").back().get<double>());
  return absl::StrFormat("%s L=%d seed %d: %s", config.learner, config.depth, config.seed, outcome);
}

}  // namespace sid
