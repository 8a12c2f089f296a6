#pragma once

// A probe's and an epoch's record in the two forms in which they are kept.

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/theory/probe.h"
#include "train/output/event_file.h"
#include "training/trainer.h"

namespace sid {

// A line of metrics.jsonl, {"probe": step, ...}: every number. The matrix of cosines is left out beyond 32 modules, where it
// would be most of the file.
nlohmann::ordered_json ToJson(const ProbeRecord& record);

// What the diagnostics look at of a line that ToJson made: what they have told can so be found again. InvalidArgument where it
// is none.
absl::StatusOr<ProbeRecord> ProbeFromJson(const nlohmann::json& line);

// For TensorBoard: "divergence/0003" is module 3's mean d_i; of more than 32 modules 32, evenly spaced, the first and the last
// among them.
std::vector<Scalar> ToScalars(const ProbeRecord& record);

// The same of an epoch, {"epoch": number, ...}, which TensorBoard shows by epoch.
nlohmann::ordered_json ToJson(const EpochRecord& record);
std::vector<Scalar> ToScalars(const EpochRecord& record);

}  // namespace sid
