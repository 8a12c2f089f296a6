#pragma once

// From the paper's claims to verdicts, by the experiments that are missing.
//
//   claims --> experiments --MakePlan(budget)--> runs --RunPlan, what is not there yet--> OUT/runs/*.json --Judge--> report
//
//   | budget | data                        | size                                                                    |
//   |--------|-----------------------------|-------------------------------------------------------------------------|
//   | quick  | mnist-mini, for all others  | kQuick: under 15 minutes on two cores, and too small to decide most     |
//   | hour   | the experiments' own        | the largest of Scales() at which all runs together take an hour         |
//   | 600    | the experiments' own        | the same for that many minutes                                          |
//   | full   | the experiments' own        | full size, five seeds, learning rates tuned for every learner           |
//
// All experiments have one scale, so that they share the runs that they have in common.
//
// Everything is found again by the settings of its run: a call that was interrupted goes on, and nothing is run twice.

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/plan.h"

namespace sid {

struct ReproduceRequest {
  std::string claims = "all";
  std::string budget = "quick";
  std::string data_dir;  // without it, all but quick run nothing that needs a data set
  std::string out;
  std::string bench;  // results.json of //:bench; empty: OUT/bench.json where there is one
  double images_per_second = ExperimentRequest().images_per_second;
  std::string precision = ExperimentRequest().precision;
  std::string device = "auto";
  int64_t threads = 0;
  std::optional<Scale> scale;  // instead of quick's own
};

// What a person who waits is told.
struct ReproduceProgress {
  std::string experiment;
  size_t done = 0, all = 0;  // runs, of all experiments
  double seconds_left = 0;   // by the plans' estimates, at the pace of this call's runs so far
  std::string what;          // "sid L=8 seed 1", and its accuracy when it has ended
  bool ended = false, kept = false;
};

struct ReproduceHooks {
  std::function<double()> clock;  // seconds since any fixed time
  std::function<void(const ReproduceProgress&)> on_progress = [](const ReproduceProgress&) {};
  // A line that the user must see, although the work goes on.
  std::function<void(const std::string&)> on_warning = [](const std::string&) {};
};

// Runs, judges, and writes OUT/report.json, which it returns. An experiment whose data are not there is told in the report;
// a full disk, or a result that was changed by hand, stops with one line, and all that has been run stays.
absl::StatusOr<nlohmann::ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                                 const ReproduceHooks& hooks);

}  // namespace sid
