#pragma once

// The charts of a run, drawn by //bench/plot, a Python program that comes as this one's data.

#include <string>

#include "absl/status/status.h"

namespace sid {

// Draws `results` (the JSON's path) into the folder `out`: SVGs and results.html. Internal error when the program is not there or
// fails, which it then has explained on standard error.
absl::Status DrawCharts(const std::string& results, const std::string& out);

}  // namespace sid
