#include "train/output/run_folder.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/machine/version.h"
#include "base/status.h"
#include "sid/checkpoint/safetensors.h"
#include "train/config_json.h"
#include "train/output/probe_output.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const EpochRecord& record) {
  return {{"epoch", record.epoch},
          {"seconds", record.seconds},
          {"learning_rate", record.learning_rate},
          {"train_loss", record.train_loss},
          {"train_loss_by_depth", record.train_loss_by_depth},
          {"train_accuracy", record.train_accuracy},
          {"validation_accuracy", record.validation.accuracy},
          {"validation_divergence", record.validation.divergence},
          {"validation_loss", record.validation.loss}};
}

}  // namespace

absl::StatusOr<RunFolder> RunFolder::Create(const std::string& path) {
  SID_RETURN_IF_ERROR(EnsureWritableFolder(path));
  if (std::filesystem::exists(path + "/config.json")) {
    return absl::AlreadyExistsError(
        absl::StrCat("--out=", path, " holds a run already (config.json): name a new folder, or remove that one"));
  }
  return RunFolder(path);
}

absl::Status RunFolder::WriteConfig(const PreparedRun& run) const {
  const ordered_json config = {{"settings", ToJson(run.config)},
                               {"examples",
                                {{"train", run.dataset.train.size()},
                                 {"validation", run.dataset.validation.size()},
                                 {"test", run.dataset.test.size()}}},
                               {"version", kVersion},
                               {"commit", Commit()},
                               {"machine", DescribeMachine(run.device)}};
  return WriteFileAtomically(path_ + "/config.json", config.dump(2) + "\n");
}

absl::Status RunFolder::AppendMetrics(const ordered_json& line) {
  const std::string path = path_ + "/metrics.jsonl";
  if (!metrics_.is_open()) metrics_.open(path, std::ios::app);
  metrics_ << line.dump() << "\n" << std::flush;
  if (metrics_.good()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": is the disk full?"));
}

absl::Status RunFolder::AppendEpoch(const EpochRecord& record) { return AppendMetrics(ToJson(record)); }

absl::Status RunFolder::AppendProbe(const ProbeRecord& record, const std::vector<Diagnosis>& diagnoses,
                                    double wall_time) {
  ordered_json line = ToJson(record);
  for (const Diagnosis& diagnosis : diagnoses) line["diagnoses"].push_back(diagnosis.text);
  SID_RETURN_IF_ERROR(AppendMetrics(line));
  if (!events_) {
    SID_ASSIGN_OR_RETURN(events_, EventFile::Create(path_ + "/events.out.tfevents.sid", wall_time));
  }
  return events_->Add(record.step, wall_time, ToScalars(record));
}

absl::Status RunFolder::WriteResult(const PreparedRun& run, const TrainingResult& result) const {
  std::vector<NamedTensor> weights;
  for (const Parameter& parameter : run.learner->Parameters())
    weights.push_back({parameter.name, parameter.tensor.detach()});
  const std::map<std::string, std::string> metadata = {{"learner", run.config.learner},
                                                       {"dataset", run.config.dataset},
                                                       {"depth", absl::StrCat(run.config.depth)},
                                                       {"belief_update", run.config.belief_update},
                                                       {"epoch", absl::StrCat(result.best_epoch)},
                                                       {"commit", Commit()}};
  SID_RETURN_IF_ERROR(SaveSafetensors(path_ + "/weights.safetensors", weights, metadata));
  const ordered_json summary = {{"test_accuracy", result.test.accuracy}, {"test_divergence", result.test.divergence},
                                {"test_loss", result.test.loss},         {"best_epoch", result.best_epoch},
                                {"epochs", result.epochs.size()},        {"seconds", result.seconds}};
  return WriteFileAtomically(path_ + "/summary.json", summary.dump(2) + "\n");
}

}  // namespace sid
