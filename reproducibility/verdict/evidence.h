#pragma once

// From results of runs to the numbers that a rule compares.
//
//   runs of an experiment --filter, choice by validation--> one run a seed and term --> sum of times * quantity, a seed each
//
// Where several settings fit a filter and differ in their learning rate alone, the one with the best mean validation accuracy
// stands for its learner: tuning, the same for all, that never looks at the test set.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"

namespace sid {

struct FinishedRun {
  std::string name;  // of its file
  nlohmann::ordered_json result;
};

struct Evidence {
  std::vector<FinishedRun> runs;  // of one experiment
  std::string stand_in;           // the data set that was used instead of every other; empty for none
};

// accuracy, first_accuracy, largest_rise (of the mean divergence, over modules), largest_rise_in_training (over epochs too),
// bound_excess, staleness (mean over the probes of how far a step moves the teacher that moves most; of probed runs alone).
// A run that failed has the accuracy of guessing, and nothing of the others; UnknownName for another quantity.
absl::StatusOr<std::optional<double>> QuantityOf(const std::string& quantity, const FinishedRun& run);

struct ContrastValues {
  std::vector<uint64_t> seeds;
  std::vector<double> values;
  std::vector<std::string> chosen;      // "sid: lr 0.001", where there was a choice
  std::vector<std::string> shortfalls;  // from the rule's needs, seeds excepted
  std::vector<std::string> runs;        // files
  std::string problem;                  // why there are no values; empty when there are
  std::string identity;                 // of what is compared: two contrasts with the same one say the same
};

absl::StatusOr<ContrastValues> Evaluate(const Rule& rule, const Contrast& contrast, const Evidence& evidence);

}  // namespace sid
