#include "reproducibility/experiments/experiment.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/json/write.h"
#include "base/lock.h"
#include "base/machine/device.h"
#include "base/machine/version.h"
#include "base/status.h"
#include "data/batches/batches.h"
#include "reproducibility/experiments/parse_result.h"
#include "reproducibility/experiments/results.h"
#include "sid/belief/belief.h"
#include "train/prepare.h"

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

absl::StatusOr<ordered_json> RunOne(const TrainConfig& config, const ExperimentHooks& hooks) {
  SID_ASSIGN_OR_RETURN(PreparedRun run, Prepare(config));
  TrainingHooks training{.clock = hooks.clock, .on_progress = hooks.on_progress};
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

std::string Text(const ordered_json& settings, const char* name) {
  const ordered_json& value = settings.at(name);
  return value.is_string() ? value.get<std::string>() : value.dump();
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

namespace {

// The right to make a run, until it is gone: a folder beside the result, locked, which an owner that ends removes. Unavailable where another
// process has it and is not waited for.
absl::StatusOr<std::shared_ptr<void>> Claim(const std::string& path, IfLocked if_locked) {
  absl::StatusOr<std::shared_ptr<void>> lock;
  do {
    SID_RETURN_IF_ERROR(CreateFolder(path));
    lock = LockFolder(path, if_locked);
  } while (absl::IsNotFound(lock.status()));  // removed in between
  SID_RETURN_IF_ERROR(lock.status());
  return std::shared_ptr<void>(nullptr, [path, held = *std::move(lock)](void*) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  });
}

absl::StatusOr<ordered_json> RunAndWrite(const TrainConfig& config, const std::string& path,
                                         const ExperimentHooks& hooks) {
  const double begin = hooks.pace == nullptr ? 0 : hooks.clock();
  SID_ASSIGN_OR_RETURN(ordered_json result, RunOne(config, hooks));
  if (hooks.pace != nullptr) hooks.pace->Took(config, hooks.clock() - begin);
  result["rules"] = hooks.rules;
  Seal(result);
  SID_RETURN_IF_ERROR(WriteFileAtomically(path, ToText(result, 1) + "\n"));
  return result;
}

// Whether this machine made it.
bool IsOfThisMachine(const TrainConfig& config, const ordered_json& result) {
  const absl::StatusOr<at::Device> device = ParseDevice(config.device);
  if (!device.ok() || !result.contains("machine")) return false;
  const ordered_json here = DescribeMachine(*device), &there = result["machine"];
  const auto same = [&](const char* name) { return there.value(name, ordered_json()) == here[name]; };
  return same("processor") && same("cores") && same("operating_system") && same("device");
}

// Run, unless its result is there; null where it is left out.
absl::StatusOr<ordered_json> RunOrRead(const TrainConfig& config, const std::string& folder,
                                       const std::function<void()>& on_begin, const ExperimentHooks& hooks) {
  absl::StatusOr<ordered_json> result = ReadResult(folder, config);
  if (!absl::IsNotFound(result.status())) return result;
  const std::string path = absl::StrCat(folder, "/", ResultName(config));
  const absl::StatusOr<std::shared_ptr<void>> claim = Claim(path + ".running", hooks.if_locked);
  if (absl::IsUnavailable(claim.status())) return nullptr;
  SID_RETURN_IF_ERROR(claim.status());
  result = ReadResult(folder, config);
  if (!absl::IsNotFound(result.status())) return result;
  if (hooks.pace != nullptr && !hooks.pace->Fits(config, hooks.clock())) return nullptr;
  on_begin();
  return RunAndWrite(config, path, hooks);
}

}  // namespace

absl::Status RunPlan(const Plan& plan, const std::string& folder, const ExperimentHooks& hooks) {
  SID_RETURN_IF_ERROR(EnsureWritableFolder(folder));
  for (size_t index = 0; index < plan.runs.size(); ++index) {
    bool kept = true;
    const auto on_begin = [&] {
      kept = false;
      hooks.on_begin(index);
    };
    SID_ASSIGN_OR_RETURN(const ordered_json result, RunOrRead(plan.runs[index], folder, on_begin, hooks));
    if (hooks.pace != nullptr && kept && IsOfThisMachine(plan.runs[index], result))
      hooks.pace->Took(plan.runs[index], result["seconds"].get<double>());
    if (result.is_null()) {
      hooks.on_left_out(index);
    } else {
      hooks.on_end(index, result, kept);
    }
  }
  return absl::OkStatus();
}

std::string ResultHead() {
  return "  learner    depth  alpha  initialisation  update    noise  seed   first     last    d_1    d_L  sum e_i  "
         "minutes";
}

std::string ResultRow(const ordered_json& result) {
  const ordered_json& settings = result.at("settings");
  const std::string row =
      absl::StrFormat("  %-9s %6s %6s  %-14s  %-8s %6s %5s", Text(settings, "learner"), Text(settings, "depth"),
                      Text(settings, "alpha"), Text(settings, "initialisation"), Text(settings, "belief_update"),
                      Text(settings, "label_noise"), Text(settings, "seed"));
  if (result.contains("failed")) return absl::StrCat(row, "  failed: ", result.at("failed").get<std::string>());
  const ordered_json &test = result.at("test"), &theory = result.at("theory");
  return absl::StrFormat("%s  %5.2f %%  %5.2f %%  %5.3f  %5.3f  %7.4f  %7.1f", row,
                         100 * test.at("accuracy").front().get<double>(),
                         100 * test.at("accuracy").back().get<double>(), NumberOf(test.at("divergence").front()),
                         NumberOf(test.at("divergence").back()), NumberOf(theory.at("sum_of_failures")),
                         result.at("seconds").get<double>() / 60);
}

}  // namespace sid
