#pragma once

// report.json: verdicts, the numbers behind them and every single run, from evidence alone. It holds no clock, no path and
// nothing of the machine that it is made on: the machine it names is the runs' own. So
// the same evidence gives the same bytes, and whoever has the runs can make it again.
//
//   claims + evidence --MakeReport--> report.json --report.py--> report.md, report.html
//   report.json + runs/*.json --ReadReportInput--> the same claims + evidence

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/judge.h"

namespace sid {

// Of report.json.
inline constexpr int kReportSchema = 1;

struct ReportInput {
  Registry registry;      // its claims are those that are asked for
  std::string selection;  // --claims
  std::string options;    // further flags that these runs take, " --seeds=3 --precision=bf16"
  AllEvidence evidence;
};

// What the report in `folder` was made from, with the registry as it is now. An error when report.json is not as MakeReport writes
// it, names a file outside of runs/, or a run is missing, damaged or was changed.
absl::StatusOr<ReportInput> ReadReportInput(const std::string& folder, const Registry& registry);

absl::StatusOr<nlohmann::ordered_json> MakeReport(const ReportInput& input);

// Parts of it: seconds that runs took, and what it says of an experiment: its size, each setting's accuracy and theory over the seeds, each run.
double Seconds(const AllEvidence& all, const std::string& experiment);
nlohmann::ordered_json ExperimentSection(const std::string& name, const AllEvidence& all);

}  // namespace sid
