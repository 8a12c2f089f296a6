#pragma once

// Results as text. The JSON is the record: Markdown and charts hold nothing that is not in it. bench/README.md documents it.

#include <nlohmann/json.hpp>
#include <string>

#include "bench/results/results.h"

namespace sid {

// Raised when a reader of the old files would misread new ones.
inline constexpr int kSchema = 1;

nlohmann::ordered_json ToJson(const Results& results);

// Tables: steps, phases, memory, the three speedups.
std::string ToMarkdown(const Results& results);

}  // namespace sid
