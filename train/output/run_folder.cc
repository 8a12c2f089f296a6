#include "train/output/run_folder.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/json/shape.h"
#include "base/json/text.h"
#include "base/lock.h"
#include "base/machine/version.h"
#include "base/paths.h"
#include "base/release/release.h"
#include "base/safetensors/safetensors.h"
#include "base/status.h"
#include "base/system_calls.h"
#include "third_party/logging/logging.h"
#include "train/config.h"
#include "train/output/event_file.h"
#include "train/output/records.h"
#include "train/output/report_page.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr char kMetrics[] = "metrics.jsonl", kEvents[] = "events.out.tfevents.sid";
// These are written beside and renamed.
constexpr char kConfig[] = "config.json", kSummary[] = "summary.json", kWeights[] = "weights.safetensors";
constexpr char kReport[] = "report.html";

bool IsWrittenWhole(const std::string& name) {
  return name == kConfig || name == kSummary || name == kWeights || name == kReport;
}

// Takes a setting out; "" where there is none.
std::string Take(const std::string& name, Settings& settings) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const auto& one) { return one.first == name; });
  if (found == settings.end()) return "";
  std::string value = found->second;
  settings.erase(found);
  return value;
}

// Whether a run of the settings `saved` can go on with others. Looking at it changes nothing, and the number of threads or of modules in a
// chunk only how sums are rounded, which is told. More epochs are the same training where the learning rate does not depend on how many there are.
absl::Status CheckGoesOn(Settings saved, Settings now) {
  for (Settings* settings : {&saved, &now}) Take("--probe_every", *settings);
  std::string rounding;
  for (const char* name : {"--threads", "--chunk"}) {
    const std::string before = Take(name, saved), after = Take(name, now);
    if (before != after)
      absl::StrAppend(&rounding, " ", name, "=", after, " instead of ", absl::CHexEscape(before), ",");
  }
  const std::string epochs = Take("--epochs", saved), epochs_now = Take("--epochs", now);
  SID_RETURN_IF_ERROR(CheckSettings(saved, now));
  if (const std::string schedule = Take("--schedule", now); epochs != epochs_now && schedule != "constant") {
    return absl::InvalidArgumentError(
        absl::StrCat("--epochs was ", absl::CHexEscape(epochs), " and is ", epochs_now, ", and --schedule=", schedule,
                     " plans the learning rate for all of them; only one of --schedule=constant "
                     "becomes longer, but a new run can begin with these weights, by --weights"));
  }
  if (!rounding.empty())
    LOG(WARNING) << "goes on with" << rounding << " so its bits may differ from those of a run that was not broken off";
  return absl::OkStatus();
}

// A log that somebody has tidied away or cut is no reason to lose the training. What is left of it may end in the middle of a record.
absl::Status BeginAnew(const std::string& path, int64_t size, int64_t length) {
  const std::string aside = size == 0 ? "" : path + ".incomplete";
  if (!aside.empty() && System().Rename(path.c_str(), aside.c_str()) != 0) return PathError(errno, "set aside", path);
  LOG(WARNING) << path << " has " << size << " bytes and had " << length
               << ": it begins anew, without what it said before"
               << (aside.empty() ? "" : "; what is left of it is " + aside);
  return absl::OkStatus();
}

// Whatever it is: only a clear no is one, as what is there must not be overwritten.
bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::symlink_status(path, ignored).type() != std::filesystem::file_type::not_found;
}

}  // namespace

// Where the data lie and what is kept of the run do not decide its result; what the data are does. Of a GPU not its number does.
Settings DecidingSettings(const PreparedRun& run) {
  ordered_json config = ToJson(run.config);
  for (const char* name : {"data_dir", "weights", "checkpoint_every", "keep_checkpoints", "on_nan"}) config.erase(name);
  config["device"] = c10::DeviceTypeName(run.device.type(), /*lower_case=*/true);
  Settings settings;
  for (const auto& [name, value] : config.items())
    settings.emplace_back("--" + name, value.is_string() ? value.get<std::string>() : value.dump());
  settings.emplace_back("data", run.fingerprint);
  settings.emplace_back("version", kVersion);
  return settings;
}

RunFolder::RunFolder(const PreparedRun& run)
    : run_(&run),
      checkpoints_(run.config.out + "/checkpoints", run.config.keep_checkpoints),
      settings_(DecidingSettings(run)) {}

absl::StatusOr<RunFolder> RunFolder::Open(const PreparedRun& run) {
  const std::string& path = run.config.out;
  SID_RETURN_IF_ERROR(EnsureWritableFolder(path));
  RunFolder folder(run);
  SID_ASSIGN_OR_RETURN(folder.lock_, LockFolder(path));
  const bool has_run = IsThere(folder.File(kConfig));
  if (!run.config.resume && has_run) {
    return absl::AlreadyExistsError(absl::StrCat(
        "--out=", path, " holds a run already (config.json): name a new folder, or go on with that one by --resume"));
  }
  // Only what a run left: in a folder that never held one such a name is somebody else's.
  if (has_run) RemoveUnfinishedFiles(path, IsWrittenWhole);
  folder.checkpoints_.RemoveUnfinished();
  return folder;
}

absl::StatusOr<TrainingState> RunFolder::Load(const std::function<void(const std::string&)>& warn) const {
  absl::StatusOr<Checkpoint> newest = checkpoints_.LoadNewest(warn);
  SID_ASSIGN_OR_RETURN(const int64_t metrics, FileSize(File(kMetrics)));
  if (absl::IsNotFound(newest.status()) && metrics > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(run_->config.out, " has metrics but no checkpoint to go on from: name a new folder"));
  }
  SID_RETURN_IF_ERROR(newest.status());
  if (const absl::Status same = CheckGoesOn(newest->settings, settings_); !same.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot go on in ", run_->config.out, ": ", same.message(),
                                                   "; give the same settings and data, or name a new folder"));
  }
  SID_RETURN_IF_ERROR(CutOutputs(newest->outputs));
  return std::move(newest->state);
}

absl::Status RunFolder::CutOutputs(const std::map<std::string, int64_t>& lengths) const {
  for (const auto& [name, length] : lengths) {
    // It came from outside: no checkpoint may name a file elsewhere to be cut.
    if ((name == kMetrics || name == kEvents) && length >= 0) continue;
    return absl::DataLossError(absl::StrCat("the checkpoint in ", run_->config.out, " names an output '",
                                            absl::CHexEscape(name), "' of ", length, " bytes that no run writes"));
  }
  for (const auto& [name, length] : lengths) {
    const std::string path = File(name.c_str());
    SID_ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
    if (size < length) {
      SID_RETURN_IF_ERROR(BeginAnew(path, size, length));
    } else if (size > length) {
      SID_RETURN_IF_ERROR(CutFile(path, length));
    }
  }
  return absl::OkStatus();
}

absl::Status RunFolder::WriteConfig() const {
  const Dataset& dataset = run_->dataset;
  const ordered_json config = {
      {"settings", ToJson(run_->config)},
      {"examples",
       {{"train", dataset.train.size()}, {"validation", dataset.validation.size()}, {"test", dataset.test.size()}}},
      {"data", run_->fingerprint},
      {"pixels", {{"mean", dataset.statistics.mean}, {"standard_deviation", dataset.statistics.standard_deviation}}},
      {"version", kVersion},
      {"commit", Commit()},
      {"pipeline", run_->config.pipeline},
      {"machine", DescribeMachine(run_->device)}};
  return WriteFileAtomically(File(kConfig), ToText(config, 2) + "\n");
}

absl::Status RunFolder::AppendEpoch(const EpochRecord& record, double wall_time) const {
  SID_RETURN_IF_ERROR(AppendToFile(File(kMetrics), ToJson(record).dump() + "\n"));
  SID_ASSIGN_OR_RETURN(EventFile events, EventFile::Open(File(kEvents), wall_time));
  return events.Add(record.epoch, wall_time, ToScalars(record));
}

absl::Status RunFolder::AppendProbe(const ProbeRecord& record, const std::vector<Diagnosis>& diagnoses,
                                    double wall_time) const {
  ordered_json line = ToJson(record);
  for (const Diagnosis& diagnosis : diagnoses) line["diagnoses"].push_back(diagnosis.text);
  SID_RETURN_IF_ERROR(AppendToFile(File(kMetrics), line.dump() + "\n"));
  SID_ASSIGN_OR_RETURN(EventFile events, EventFile::Open(File(kEvents), wall_time));
  return events.Add(record.step, wall_time, ToScalars(record));
}

absl::StatusOr<std::vector<ProbeRecord>> RunFolder::ReadProbes() const {
  std::vector<ProbeRecord> records;
  const absl::StatusOr<std::string> text = ReadFile(File(kMetrics));
  if (absl::IsNotFound(text.status())) return records;
  SID_RETURN_IF_ERROR(text.status());
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const absl::StatusOr<ordered_json> json = ParseJson({line.data(), line.size()});
    if (json.ok() && json->is_object() && !json->contains("probe")) continue;
    absl::StatusOr<ProbeRecord> record = json.ok() ? ProbeFromJson(*json) : json.status();
    if (!record.ok())
      return absl::DataLossError(
          absl::StrCat(File(kMetrics), " holds a line that no run writes: ", absl::CHexEscape(line.substr(0, 60))));
    records.push_back(*std::move(record));
  }
  return records;
}

absl::Status RunFolder::Save(const TrainingState& state) const {
  std::map<std::string, int64_t> outputs;
  for (const char* name : {kMetrics, kEvents}) {
    SID_ASSIGN_OR_RETURN(outputs[name], FileSize(File(name)));
  }
  return checkpoints_.Save({state, settings_, outputs});
}

absl::Status RunFolder::WriteResult(const TrainingResult& result) const {
  const TrainConfig& config = run_->config;
  // Python's transformers and accelerate read no file that does not say whose tensors it holds.
  const std::map<std::string, std::string> metadata = {{"format", "pt"},
                                                       {"learner", config.learner},
                                                       {"dataset", config.dataset},
                                                       {"network", config.network},
                                                       {"partition", config.partition},
                                                       {"depth", absl::StrCat(config.depth)},
                                                       {"belief_update", config.belief_update},
                                                       {"feature_scale", absl::StrCat(config.feature_scale)},
                                                       {"epoch", absl::StrCat(result.best_epoch)},
                                                       {"commit", Commit()}};
  SID_RETURN_IF_ERROR(SaveSafetensors(File(kWeights), Weights(*run_->learner), metadata));
  const ordered_json summary = {{"test_accuracy", result.test.accuracy}, {"test_divergence", result.test.divergence},
                                {"test_loss", result.test.loss},         {"best_epoch", result.best_epoch},
                                {"epochs", run_->options.epochs},        {"seconds", result.seconds},
                                {"rollbacks", result.rollbacks}};
  SID_RETURN_IF_ERROR(WriteFileAtomically(File(kSummary), summary.dump(2) + "\n"));
  // Without an epoch there is no curve to show.
  return run_->options.epochs == 0 ? absl::OkStatus() : WriteReportPage(run_->config.out);
}

std::string RunFolder::File(const char* name) const { return absl::StrCat(run_->config.out, "/", name); }

}  // namespace sid
