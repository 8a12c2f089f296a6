#include "train/output/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/json/write.h"
#include "base/machine/version.h"
#include "base/status.h"
#include "sid/checkpoint/safetensors.h"
#include "train/config_json.h"
#include "train/output/event_file.h"
#include "train/output/probe_output.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Where the data lie and what is kept of the run do not decide its result; what the data are does.
Settings DecidingSettings(const PreparedRun& run) {
  ordered_json config = ToJson(run.config);
  for (const char* name : {"data_dir", "checkpoint_every", "keep_checkpoints", "on_nan"}) config.erase(name);
  Settings settings;
  for (const auto& [name, value] : config.items())
    settings.emplace_back("--" + name, value.is_string() ? value.get<std::string>() : value.dump());
  settings.emplace_back("data", run.fingerprint);
  settings.emplace_back("version", kVersion);
  return settings;
}

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

// Bytes of a file, 0 where there is none.
int64_t Size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Null where another process holds it.
std::shared_ptr<void> Lock(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  const bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  if (!locked) close(descriptor);
  return locked ? std::shared_ptr<void>(nullptr, [descriptor](void*) { close(descriptor); }) : nullptr;
}

constexpr char kMetrics[] = "metrics.jsonl", kEvents[] = "events.out.tfevents.sid";

}  // namespace

RunFolder::RunFolder(const PreparedRun& run)
    : run_(&run),
      checkpoints_(run.config.out + "/checkpoints", run.config.keep_checkpoints),
      settings_(DecidingSettings(run)) {}

absl::StatusOr<RunFolder> RunFolder::Open(const PreparedRun& run) {
  const std::string& path = run.config.out;
  SID_RETURN_IF_ERROR(EnsureWritableFolder(path));
  RunFolder folder(run);
  folder.lock_ = Lock(path);
  if (folder.lock_.use_count() == 0)
    return absl::UnavailableError(
        absl::StrCat("another process is working in --out=", path, ": wait for it, or end it"));
  if (!run.config.resume && std::filesystem::exists(folder.File("config.json"))) {
    return absl::AlreadyExistsError(absl::StrCat(
        "--out=", path, " holds a run already (config.json): name a new folder, or go on with that one by --resume"));
  }
  // Only what a run left: in a folder that never held one such a name is somebody else's.
  if (std::filesystem::exists(folder.File("config.json"))) RemoveUnfinishedFiles(path);
  RemoveUnfinishedFiles(path + "/checkpoints");
  return folder;
}

absl::StatusOr<TrainingState> RunFolder::Load(const std::function<void(const std::string&)>& warn) const {
  absl::StatusOr<Checkpoint> newest = checkpoints_.LoadNewest(warn);
  if (absl::IsNotFound(newest.status()) && Size(File(kMetrics)) > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(run_->config.out, " has metrics but no checkpoint to go on from: name a new folder"));
  }
  SID_RETURN_IF_ERROR(newest.status());
  if (const absl::Status same = CheckSettings(newest->settings, settings_); !same.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot go on in ", run_->config.out, ": ", same.message(),
                                                   "; give the same settings and data, or name a new folder"));
  }
  for (const auto& [name, length] : newest->outputs) {
    // It came from outside: no checkpoint may name a file elsewhere to be cut.
    if (name != kMetrics && name != kEvents) {
      return absl::DataLossError(
          absl::StrCat("the checkpoint in ", run_->config.out, " names an output '", name, "' that no run writes"));
    }
    if (length == 0 && Size(File(name.c_str())) == 0) continue;
    SID_RETURN_IF_ERROR(CutFile(File(name.c_str()), length));
  }
  return std::move(newest->state);
}

absl::Status RunFolder::WriteConfig() const {
  const Dataset& dataset = run_->dataset;
  const ordered_json config = {
      {"settings", ToJson(run_->config)},
      {"examples",
       {{"train", dataset.train.size()}, {"validation", dataset.validation.size()}, {"test", dataset.test.size()}}},
      {"data", run_->fingerprint},
      {"version", kVersion},
      {"commit", Commit()},
      {"machine", DescribeMachine(run_->device)}};
  return WriteFileAtomically(File("config.json"), ToText(config, 2) + "\n");
}

absl::Status RunFolder::AppendEpoch(const EpochRecord& record) const {
  return AppendToFile(File(kMetrics), ToJson(record).dump() + "\n");
}

absl::Status RunFolder::AppendProbe(const ProbeRecord& record, const std::vector<Diagnosis>& diagnoses,
                                    double wall_time) const {
  ordered_json line = ToJson(record);
  for (const Diagnosis& diagnosis : diagnoses) line["diagnoses"].push_back(diagnosis.text);
  SID_RETURN_IF_ERROR(AppendToFile(File(kMetrics), line.dump() + "\n"));
  SID_ASSIGN_OR_RETURN(EventFile events, EventFile::Open(File(kEvents), wall_time));
  return events.Add(record.step, wall_time, ToScalars(record));
}

absl::Status RunFolder::Save(const TrainingState& state) const {
  std::map<std::string, int64_t> outputs;
  for (const char* name : {kMetrics, kEvents}) outputs[name] = Size(File(name));
  return checkpoints_.Save({state, settings_, outputs});
}

absl::Status RunFolder::WriteResult(const TrainingResult& result) const {
  std::vector<NamedTensor> weights;
  for (const Parameter& parameter : run_->learner->Parameters())
    weights.push_back({parameter.name, parameter.tensor.detach()});
  const TrainConfig& config = run_->config;
  const std::map<std::string, std::string> metadata = {{"learner", config.learner},
                                                       {"dataset", config.dataset},
                                                       {"depth", absl::StrCat(config.depth)},
                                                       {"belief_update", config.belief_update},
                                                       {"epoch", absl::StrCat(result.best_epoch)},
                                                       {"commit", Commit()}};
  SID_RETURN_IF_ERROR(SaveSafetensors(File("weights.safetensors"), weights, metadata));
  const ordered_json summary = {{"test_accuracy", result.test.accuracy}, {"test_divergence", result.test.divergence},
                                {"test_loss", result.test.loss},         {"best_epoch", result.best_epoch},
                                {"epochs", run_->options.epochs},        {"seconds", result.seconds}};
  return WriteFileAtomically(File("summary.json"), summary.dump(2) + "\n");
}

std::string RunFolder::File(const char* name) const { return absl::StrCat(run_->config.out, "/", name); }

}  // namespace sid
