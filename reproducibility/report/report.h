#pragma once

// report.json: verdicts, the numbers behind them and every single run, from evidence alone. It holds no clock, no path and
// nothing of the machine that it is made on: the machine it names is the runs' own. So the same evidence gives the same
// bytes, and whoever has the runs can make it again.
//
//   claims + evidence --MakeReport--> report.json --report.py--> report.md, report.html
//   report.json + runs/*.json --ReadReportInput--> the same claims + evidence

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/plan.h"
#include "reproducibility/verdict/judge.h"

namespace sid {

struct ReportInput {
  std::string paper, budget;
  std::string selection;              // --claims
  std::string options;                // further flags that these runs take, " --precision=bf16"
  nlohmann::ordered_json deviations;  // [{paper, here, why}]
  std::vector<Claim> claims;
  std::vector<std::pair<std::string, Scale>> experiments;  // in the order of the report
  AllEvidence evidence;
};

absl::StatusOr<nlohmann::ordered_json> MakeReport(const ReportInput& input);

// What the report in `folder` was made from, with the registry as it is now. DataLoss when a run is missing or was changed.
absl::StatusOr<ReportInput> ReadReportInput(const std::string& folder, const Registry& registry);

}  // namespace sid
