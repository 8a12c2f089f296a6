#pragma once

// report.html of a run: curves by epoch and by depth, the test's table and the settings, one page without scripts that needs no
// network. It says nothing that config.json, metrics.jsonl and summary.json do not say.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// `epochs` are the lines of metrics.jsonl that have "epoch", in their order.
std::string ReportPage(const nlohmann::ordered_json& config, const std::vector<nlohmann::ordered_json>& epochs,
                       const nlohmann::ordered_json& summary);

// Reads the three files of the folder and writes the page beside them.
absl::Status WriteReportPage(const std::string& folder);

}  // namespace sid
