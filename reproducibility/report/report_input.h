#pragma once

// What a report is made from, and how it is found again: beside report.json lie the runs that it names.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/judge.h"

namespace sid {

// Of report.json.
inline constexpr int kReportSchema = 1;

struct ReportInput {
  std::string paper;
  std::string selection;              // --claims
  std::string options;                // further flags that these runs take, " --seeds=3 --precision=bf16"
  nlohmann::ordered_json deviations;  // [{paper, here, why}]
  std::vector<Claim> claims;
  AllEvidence evidence;
};

// What the report in `folder` was made from, with the registry as it is now. An error when report.json is not as MakeReport writes
// it, names a file outside of runs/, or a run is missing, damaged or was changed.
absl::StatusOr<ReportInput> ReadReportInput(const std::string& folder, const Registry& registry);

}  // namespace sid
