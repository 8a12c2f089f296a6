#include "reproducibility/experiments/results.h"

#include <filesystem>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/machine/version.h"
#include "base/release/release.h"
#include "base/status.h"
#include "train/fields.h"

namespace sid {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DepthMetrics, accuracy, divergence, loss)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(QuantitySummary, divergence, loss, failure, bound, contraction, entropy, fell,
                                   fell_everywhere, largest_excess)

namespace {

using nlohmann::ordered_json;

// FNV-1a, 64 bits: the same on every machine, unlike the hashes of the standard library and of abseil.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
  return hash;
}

ordered_json ToJson(const QuantitySummary& theory) {
  ordered_json json = nlohmann::json(theory);
  json["sum_of_failures"] = std::accumulate(theory.failure.begin(), theory.failure.end(), 0.0);
  return json;
}

ordered_json ToJson(const std::vector<EpochRecord>& epochs) {
  ordered_json list = ordered_json::array();
  for (const EpochRecord& epoch : epochs) {
    list.push_back(
        {{"epoch", epoch.epoch},
         {"train_loss", epoch.train_loss},
         {"train_accuracy", epoch.train_accuracy},
         {"validation", {{"accuracy", epoch.validation.accuracy}, {"divergence", epoch.validation.divergence}}}});
  }
  return list;
}

// How far a step moved the teachers of the modules, by module: over the probes of a run.
ordered_json StalenessJson(const std::vector<ProbeRecord>& probes) {
  std::vector<double> mean(probes.front().staleness.size());
  for (const ProbeRecord& probe : probes) {
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += probe.staleness[i] / static_cast<double>(probes.size());
  }
  return {{"probes", probes.size()}, {"mean", mean}};
}

const ordered_json& DefaultSettings() {
  static const auto* const kDefaults = new ordered_json(ToJson(TrainConfig()));
  return *kDefaults;
}

}  // namespace

ordered_json ResultSettings(const TrainConfig& config) {
  ordered_json settings = ToJson(config);
  for (const char* elsewhere :
       {"data_dir", "device", "threads", "deterministic", "checkpoint_every", "keep_checkpoints"}) {
    settings.erase(elsewhere);
  }
  const ordered_json& defaults = DefaultSettings();
  VisitFields(config, [&](const auto&, const Field& field) {
    if (field.saved == Saved::kLater && settings[field.name] == defaults[field.name]) settings.erase(field.name);
  });
  // Results from before that option went hold it, and names are hashes over all settings.
  ordered_json named;
  for (const auto& [name, value] : settings.items()) {
    named[name] = value;
    if (name == "chunk") named["feature_mode"] = "reuse";
  }
  return named;
}

ordered_json SettingOf(const ordered_json& settings, const std::string& name) {
  const auto stated = settings.find(name);
  return stated == settings.end() ? DefaultSettings().value(name, ordered_json()) : *stated;
}

std::string ResultName(const TrainConfig& config) {
  return absl::StrFormat("%s-%s-L%d-seed%d-%016x.json", config.learner, config.dataset, config.depth, config.seed,
                         Hash(ResultSettings(config).dump()));
}

ordered_json ResultJson(const TrainConfig& asked, const PreparedRun& run, const TrainingResult& result,
                        const QuantitySummary& theory, const std::vector<ProbeRecord>& probes) {
  ordered_json json = {{"schema", kResultSchema},
                       {"settings", ResultSettings(asked)},
                       {"augmentation", run.config.augmentation},
                       {"examples",
                        {{"train", run.dataset.train.size()},
                         {"validation", run.dataset.validation.size()},
                         {"test", run.dataset.test.size()}}},
                       {"best_epoch", result.best_epoch},
                       {"seconds", result.seconds},
                       {"test", nlohmann::json(result.test)},
                       {"theory", ToJson(theory)},
                       {"epochs", ToJson(result.epochs)},
                       {"version", kVersion},
                       {"commit", Commit()},
                       {"machine", DescribeMachine(run.device)}};
  json["test"]["last_epoch_accuracy"] = result.last_test.accuracy.back();
  if (!probes.empty()) json["staleness"] = StalenessJson(probes);
  return json;
}

ordered_json FailureJson(const TrainConfig& asked, int64_t classes, const std::string& error) {
  return {{"schema", kResultSchema}, {"settings", ResultSettings(asked)},
          {"failed", error},         {"classes", classes},
          {"version", kVersion},     {"commit", Commit()}};
}

absl::StatusOr<ordered_json> ReadResult(const std::string& folder, const TrainConfig& asked) {
  const std::string path = absl::StrCat(folder, "/", ResultName(asked));
  if (!std::filesystem::exists(path)) return absl::NotFoundError(absl::StrCat("there is no ", path));
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SID_ASSIGN_OR_RETURN(ordered_json json, ParseResult(text, path));
  if (json["settings"] != ResultSettings(asked)) {
    return absl::DataLossError(absl::StrCat(path, " holds other settings than its name says: remove it"));
  }
  return json;
}

}  // namespace sid
