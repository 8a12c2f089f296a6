#pragma once

// A result of //:bench, read again by whoever judges it.

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

// ParseDocument's errors (base/json/document.h).
absl::StatusOr<nlohmann::ordered_json> ParseBench(const std::string& text, const std::string& name);

absl::StatusOr<nlohmann::ordered_json> ReadBench(const std::string& path);

// Median of a contender's phase as a whole, over all modules; 0 where it has none of that name.
double PhaseSeconds(const nlohmann::ordered_json& contender, const std::string& name);

}  // namespace sid
