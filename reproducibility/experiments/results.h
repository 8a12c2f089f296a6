#pragma once

// One JSON file for each run, named after what was run: whatever experiment asks for the same settings again finds it.
//
//   settings, without what does not change the result --hash--> sid-cifar100-L8-seed1-0123456789abcdef.json
//
// A file holds the settings, the test result by depth and which images of the test set are right, the theory's quantities on the test set,
// the epochs, commit and machine, the hashes of the rules that it was made under, and a checksum over all of that; no path of that machine.
// It is written at once when its run has ended, so a killed call leaves only whole files, and the next call goes on with the run that was
// interrupted, from its beginning.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sid/theory/probe.h"
#include "sid/theory/quantities.h"
#include "train/config.h"
#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {

// Raised when a reader of the old files would misread new ones.
inline constexpr int kResultSchema = 1;

// Adds "sha256", or renews it. `document` is an object.
void Seal(nlohmann::ordered_json& document);

// DataLoss in one line that begins with `path`: no JSON, another schema, no seal or one that does not fit, or which place is not as an experiment
// writes it.
absl::StatusOr<nlohmann::ordered_json> ParseResult(const std::string& text, const std::string& path);

// JSON has no NaN and no infinity: what is not finite is null in a file, and NaN again when it is read.
nlohmann::ordered_json NumberOrNull(double number);
double NumberOf(const nlohmann::ordered_json& number_or_null);

// The settings that make the result: not where the data lie, which device and how many threads computed it, or whether it
// kept checkpoints. A probe changes no weight, but what it saw is part of the result: such a run has a name of its own.
nlohmann::ordered_json ResultSettings(const TrainConfig& config);

// Of the settings of a result: one that came after the first results is left out where it has its default.
nlohmann::ordered_json SettingOf(const nlohmann::ordered_json& settings, const std::string& name);

// "sid-cifar100-L8-seed1-" and 16 hexadecimal digits of the settings' FNV-1a hash, ".json".
std::string ResultName(const TrainConfig& config);

// What `run`, trained, has to say. `asked` are the settings by which it is found again; `probes` are empty without any.
nlohmann::ordered_json ResultJson(const TrainConfig& asked, const PreparedRun& run, const TrainingResult& result,
                                  const QuantitySummary& theory, const std::vector<ProbeRecord>& probes);

// What a run that ended with an error (a loss that is not finite) has to say: that is a result too. `classes` says what
// guessing would have reached.
nlohmann::ordered_json FailureJson(const TrainConfig& asked, int64_t classes, const std::string& error);

// The result of these settings in `folder`; NotFound when there is none. DataLoss when the file is damaged, was changed by
// hand, has another schema, or holds other settings.
absl::StatusOr<nlohmann::ordered_json> ReadResult(const std::string& folder, const TrainConfig& asked);

}  // namespace sid
