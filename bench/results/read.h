#pragma once

// A result of //:bench, read again by whoever judges it. Whoever wrote the file, what is returned has every field
// that this project reads, of the type that it reads it as.

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

// InvalidArgument in one line that begins with `name`: no JSON, another schema, or which place is not as //:bench writes it.
absl::StatusOr<nlohmann::ordered_json> ParseBench(const std::string& text, const std::string& name);

absl::StatusOr<nlohmann::ordered_json> ReadBench(const std::string& path);

// Median of a contender's phase as a whole, over all modules; 0 where it has none of that name.
double PhaseSeconds(const nlohmann::ordered_json& contender, const std::string& name);

}  // namespace sid
