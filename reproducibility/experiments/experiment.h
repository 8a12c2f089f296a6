#pragma once

// One run, unless its result is there already.
//
//   its result in the folder?  yes: read it
//                              no:  Prepare, Train, theory on the test set, write it

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "sid/theory/quantities.h"
#include "train/prepare.h"

namespace sid {

struct FinishedOrKept {
  nlohmann::ordered_json result;
  bool kept = false;  // it lay there already
};

// `rules` are the hashes of the rules that it is made under, by claim: the result takes them with it. `clock`: seconds since any
// fixed time. A run whose loss is not finite is a result; any other error is the caller's. The folder is there.
absl::StatusOr<FinishedOrKept> RunOrRead(const TrainConfig& config, const std::string& folder,
                                         const nlohmann::ordered_json& rules, const std::function<double()>& clock);

// The theory's quantities over a whole part of a data set, in batches that keep memory in bounds at any depth.
QuantitySummary MeasureExamples(const PreparedRun& run, const Examples& examples);

// "sid L=8 seed 1: 57.74 %"
std::string Describe(const TrainConfig& config, const nlohmann::ordered_json& result);

}  // namespace sid
