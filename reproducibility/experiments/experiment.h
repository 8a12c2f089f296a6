#pragma once

// One run, unless its result is there already.
//
//   its result in the folder?  yes: read it
//                              no:  Prepare, Train, theory on the test set in the same pass, write it
//
// Processes may share a folder: each run is made by one of them.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "reproducibility/experiments/pace.h"
#include "train/prepare.h"

namespace sid {

struct RunOptions {
  std::function<double()> clock;  // seconds since any fixed time
  // The hashes of the rules that runs are made under, by claim: every result takes them with it.
  nlohmann::ordered_json rules = nlohmann::ordered_json::object();
  // Where there is one, it learns from every run that this machine made, and a run that does not fit is left out.
  Pace* pace = nullptr;
};

struct FinishedOrKept {
  nlohmann::ordered_json result;
  bool kept = false;  // it lay there already
};

// What follows a result's name while a process is at work on it.
inline constexpr char kRunning[] = ".running";

// A run whose loss is not finite is a result. Unavailable where another process is at work on it, DeadlineExceeded where it does not fit into
// the time; any other error is the caller's. The folder is there.
absl::StatusOr<FinishedOrKept> RunOrRead(const TrainConfig& config, const std::string& folder,
                                         const RunOptions& options);

// "sid L=8 seed 1: 57.74 %"
std::string Describe(const TrainConfig& config, const nlohmann::ordered_json& result);

}  // namespace sid
