#pragma once

// Which runs decide the claims that are asked for, and in which order.
//
//   claims --their contrasts' filters--> settings that fit --seeds, rates--> steps, each run once, whoever reads it
//
// A claim's contrasts come one after the other, each with all its seeds, so that one that refutes the claim does so before the next
// begins. Tuned, the first seed tries every learning rate, and the others take the one that its validation set prefers: three
// rates at five seeds are seven runs a setting.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/pace.h"
#include "reproducibility/experiments/settings.h"

namespace sid {

struct ReproduceRequest {
  std::string claims = "all";
  std::string experiment;              // instead: all its settings, those too that no rule reads
  int64_t seeds = 0;                   // 0: as many as each claim asks for
  bool tune = false;                   // a learning rate for each setting of a rule that asks for a choice
  Size size;                           // 0 epochs: as many as each rule needs
  std::vector<std::string> leave_out;  // experiments
  std::string out;
  // results.json of //:bench, or several, separated by commas; empty: OUT/bench.json where there is one.
  std::string bench;
};

// quick, full, or nothing for what the other flags say. UnknownName for another one.
absl::Status ApplyBudget(const std::string& budget, ReproduceRequest* request);

// The flags that say which runs these are, beside the claims: " --seeds=3 --precision=bf16".
std::string OptionsOf(const ReproduceRequest& request);

struct Step {
  TrainConfig config;
  bool at_chosen_rate = false;  // instead of its own: the rate that the first seed's validation set prefers
  std::string experiment;
  std::vector<size_t> claims;  // who reads it
};

struct Plan {
  std::vector<Step> steps;
  std::map<std::string, std::string> left_out;  // experiment -> why nothing of it is run
};

absl::StatusOr<Plan> MakePlan(const std::vector<Claim>& claims, const ReproduceRequest& request);

// The step's config, its rate chosen from results in `folder`; NotFound where one of these is missing.
absl::StatusOr<TrainConfig> AtItsRate(const Step& step, const std::string& folder);

// For whoever waits: runs and time by claim, and of all of them, `jobs` at a time; with `each`, every run. A run whose result is in
// `folder` takes no time.
std::string Describe(const Plan& plan, const std::vector<Claim>& claims, const std::string& folder, bool each,
                     int64_t jobs, Pace* pace);

}  // namespace sid
