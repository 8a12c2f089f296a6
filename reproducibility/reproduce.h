#pragma once

// From the paper's claims to verdicts, by the experiments that are missing.
//
//   claims --> experiments --MakePlan(budget)--> runs --RunPlan, what is not there yet--> OUT/runs/*.json --Judge--> report
//          \--> //:bench, or a result of it that is given --> OUT/bench.json -------------------------------/
//
//   | budget | data                        | size                                                                    |
//   |--------|-----------------------------|-------------------------------------------------------------------------|
//   | quick  | mnist-mini, for all others  | kQuick: under 15 minutes on two cores, and too small to decide most     |
//   | 600    | the experiments' own        | the largest of Scales() at which all runs together take so many minutes |
//   | full   | the experiments' own        | full size, five seeds, learning rates tuned for every learner           |
//
// All experiments have one scale, so that they share the runs that they have in common.
//
// Everything is found again by the settings of its run: a call that was interrupted goes on, and nothing is run twice.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/work.h"

namespace sid {

// A run that has ended.
struct ReproduceProgress {
  size_t done = 0, all = 0;  // runs, of all experiments
  std::string what;          // "depth: sid L=8 seed 1: 57.74 %"
  bool kept = false;         // it was there already
};

struct ReproduceHooks {
  std::function<double()> clock;  // seconds since any fixed time
  std::function<void(const ReproduceProgress&)> on_progress = [](const ReproduceProgress&) {};
  // A line that the user must see, although the work goes on.
  std::function<void(const std::string&)> on_warning = [](const std::string&) {};
  // Runs //:bench into `folder`, for claims about time and memory. Without it they are NOT RUN, unless a result is there.
  std::function<absl::Status(const std::string& folder)> measure;
};

// Runs, judges, and writes OUT/report.json, which it returns. An experiment whose data are not there is told in the report;
// a full disk, or a result that was changed by hand, stops with one line, and all that has been run stays.
absl::StatusOr<nlohmann::ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                                 const ReproduceHooks& hooks);

// What of a request is bad input, apart from the data.
absl::Status Check(const Registry& registry, const ReproduceRequest& request);

// Only runs: those that are missing, in time, and nobody else is at work on. What stays undone is told as a warning.
absl::Status RunMissing(const Registry& registry, const ReproduceRequest& request, const ReproduceHooks& hooks);

}  // namespace sid
