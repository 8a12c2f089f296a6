#pragma once

// report.json: verdicts, the numbers behind them and every single run, from evidence alone. It holds no clock, no path and
// nothing of the machine that it is made on, but the rounding that a check found: the machine it names is the runs' own. So
// the same evidence gives the same bytes, and whoever has the runs can make it again.
//
//   claims + evidence --MakeReport--> report.json --report.py--> report.md, report.html
//   report.json + runs/*.json --ReadReportInput--> the same claims + evidence

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "reproducibility/report/report_input.h"

namespace sid {

absl::StatusOr<nlohmann::ordered_json> MakeReport(const ReportInput& input);

}  // namespace sid
