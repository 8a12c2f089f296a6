#pragma once

// A run's result out of its file, whoever wrote that: what is returned has every field that judges and reports read, of the type
// that they read it as. A seal, a checksum inside the document, guards against slips and silent repairs by hand, not against
// someone who computes it anew:
//
//   {"a": 1}  --Seal-->  {"a": 1, "sha256": "..."}  --CheckSeal-->  OK

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// Raised when a reader of the old files would misread new ones.
inline constexpr int kResultSchema = 1;

// Adds "sha256", or renews it. `document` is an object.
void Seal(nlohmann::ordered_json& document);

// DataLoss when the seal is missing or does not fit; `path` is for the message.
absl::Status CheckSeal(const nlohmann::ordered_json& document, const std::string& path);

// DataLoss in one line that begins with `path`: no JSON, another schema, changed by hand, or which place is not as an experiment
// writes it.
absl::StatusOr<nlohmann::ordered_json> ParseResult(const std::string& text, const std::string& path);

// JSON has no NaN and no infinity: what was one is null in a file, and NaN again here.
double NumberOf(const nlohmann::ordered_json& number_or_null);

}  // namespace sid
