#pragma once

// Runs what a plan lists and is not done yet, one after the other.
//
//   plan --for each run--> its result in the folder?  yes: read it
//                                                     no:  Prepare, Train, theory on the test set, write it
//
// Processes may share a folder: each run is made by one of them.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "base/lock.h"
#include "reproducibility/experiments/pace.h"
#include "reproducibility/experiments/plan.h"
#include "sid/theory/quantities.h"
#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {

struct ExperimentHooks {
  std::function<double()> clock;  // seconds since any fixed time
  // The hashes of the rules that the runs are made under, by claim: every result takes them with it.
  nlohmann::ordered_json rules = nlohmann::ordered_json::object();
  // A run begins, number `index` of plan.runs, and where it has ended its JSON; `kept` when that lay there already.
  std::function<void(size_t index)> on_begin = [](size_t) {};
  std::function<void(const TrainingProgress&)> on_progress = [](const TrainingProgress&) {};
  std::function<void(size_t index, const nlohmann::ordered_json& result, bool kept)> on_end =
      [](size_t, const nlohmann::ordered_json&, bool) {};
  // A run that another process is at work on is waited for, or left to it.
  IfLocked if_locked = IfLocked::kWait;
  // Where there is one, it learns from every run that this machine made, and a run that does not fit is left out.
  Pace* pace = nullptr;
  std::function<void(size_t index)> on_left_out = [](size_t) {};
};

// A run whose loss is not finite is a result, and the next one follows; any other error stops.
absl::Status RunPlan(const Plan& plan, const std::string& folder, const ExperimentHooks& hooks);

// The theory's quantities over a whole part of a data set, in batches that keep memory in bounds at any depth.
QuantitySummary MeasureExamples(const PreparedRun& run, const Examples& examples);

// What a result has to say in one line of a table, and that table's head.
std::string ResultHead();
std::string ResultRow(const nlohmann::ordered_json& result);

}  // namespace sid
