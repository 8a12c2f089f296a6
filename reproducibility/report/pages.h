#pragma once

// The report for people: report.json drawn by //reproducibility/report:report_pages, a Python program that comes as this
// one's data.

#include <string>

#include "absl/status/status.h"

namespace sid {

// Writes report.md and report.html beside the report.json in `folder`. Internal error when the program is not there or fails,
// which it then has explained on standard error.
absl::Status WritePages(const std::string& folder);

}  // namespace sid
