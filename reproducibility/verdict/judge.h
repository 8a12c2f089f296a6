#pragma once

// The verdict on a claim, from evidence alone: no flag, no clock, no machine. The same evidence gives the same judgement.
//
//   Claim + Evidence of its experiment, or results of //:bench --> Judgement --> JSON of the report

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/bench_evidence.h"
#include "reproducibility/verdict/comparison.h"
#include "reproducibility/verdict/evidence.h"

namespace sid {

struct Judgement : Looked, Finding {
  std::vector<std::string> changed_rules;  // files that were made under another rule
  std::vector<std::string> origins;        // commits and machines that made what was looked at, and how many runs each
  std::vector<Comparison> comparisons;     // of contrasts
  std::vector<std::string> not_compared;   // contrasts without values, with the reason
  std::vector<Ratio> ratios;               // bench
  std::map<std::string, Finding> devices;
};

struct AllEvidence {
  std::map<std::string, Evidence> experiments;
  std::map<std::string, std::string> not_run;  // experiment -> why
  // By file: each of whole steps or of the cascade, on one device; those of one device are judged together.
  std::vector<std::pair<std::string, nlohmann::ordered_json>> benches;
};

// An error only for a registry that asks for what there is not.
absl::StatusOr<Judgement> Judge(const Claim& claim, const AllEvidence& evidence);

nlohmann::ordered_json ToJson(const Judgement& judgement);

}  // namespace sid
