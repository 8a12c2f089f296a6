#pragma once

// From the paper's claims to verdicts, by the runs that are missing.
//
//   claims --MakePlan--> runs --RunOrRead, until a claim is refuted--> OUT/runs/*.json --Judge--> report
//          \--> //:bench, or a result of it that is given --> OUT/bench.json -----------------/
//
// Everything is found again by the settings of its run: a call that was interrupted goes on, and nothing is run twice.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/plan.h"

namespace sid {

// A run that has ended.
struct ReproduceProgress {
  size_t done = 0, all = 0;  // runs, of all experiments
  std::string what;          // "depth: sid L=8 seed 1: 57.74 %"
  bool kept = false;         // it was there already
  double minutes_left = 0;   // 0: nothing is left, or how long it takes is not known
};

struct ReproduceHooks {
  std::function<double()> clock;  // seconds since any fixed time
  Pace* pace = nullptr;           // by this clock: how long runs take, and until when they may; none: unknown, for ever
  std::function<void(const ReproduceProgress&)> on_progress = [](const ReproduceProgress&) {};
  // Runs //:bench into `folder`, for claims about time and memory. Without it they are NOT RUN, unless a result is there.
  std::function<absl::Status(const std::string& folder)> measure;
};

// Runs, judges, and writes OUT/report.json, which it returns. An experiment whose data are not there is told in the report; a claim that is
// refuted needs no further runs. A full disk, or a result that was changed by hand, stops with one line, and all that has been run stays.
absl::StatusOr<nlohmann::ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                                 const ReproduceHooks& hooks);

// Only runs: those that are missing, in time. Other processes at the same work share them. Returns, by experiment, why some stay undone.
absl::StatusOr<std::map<std::string, std::string>> RunMissing(const Registry& registry, const ReproduceRequest& request,
                                                              const ReproduceHooks& hooks);

// The report in `folder` made anew from its own runs, under the registry's rules; its selection and options stay.
absl::StatusOr<nlohmann::ordered_json> JudgeAgain(const Registry& registry, const std::string& folder);

}  // namespace sid
