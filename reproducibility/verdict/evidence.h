#pragma once

// From results of runs to the numbers that a rule compares.
//
//   runs of an experiment --filter, choice by validation--> one run a seed and term --> sum of times * quantity, a seed each
//
// Where several settings fit a filter and differ in their learning rate alone, the one with the best mean validation accuracy over the
// seeds that all of them have stands for its learner: tuning, the same for all, that never looks at the test set.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/comparison.h"

namespace sid {

struct FinishedRun {
  std::string name;  // of its file
  nlohmann::ordered_json result;
};

struct Evidence {
  std::vector<FinishedRun> runs;  // of one experiment
  std::string stand_in;           // the data set that was used instead of every other; empty for none
};

// What a run must have for a term of the rule: the data set that stands in, if any, in place of the rule's own.
nlohmann::json FilterOf(const Rule& rule, const Term& term, const std::string& stand_in);
bool Fits(const nlohmann::ordered_json& settings, const nlohmann::json& filter);

// Of all contrasts of a claim that have values.
struct Looked {
  std::set<std::string> chosen;      // "sid: lr 0.001", where there was a choice
  std::set<std::string> shortfalls;  // what these runs can't show: from the rule's needs, seeds excepted
  std::set<std::string> runs;        // files
};

// Of one contrast: values a seed, for each number of the quantity's list.
struct ContrastValues {
  std::vector<uint64_t> seeds;
  std::vector<std::vector<double>> values;  // by number of the list, then by seed
  std::vector<std::string> names;           // of the numbers: ", module 3"; empty for a quantity that is one
  Shares shares;        // of the settings in it: two contrasts with the same ones and bound say the same
  std::string problem;  // why there are no values; empty when there are
};

absl::StatusOr<ContrastValues> Evaluate(const Rule& rule, const Contrast& contrast, const Evidence& evidence,
                                        Looked* looked);

}  // namespace sid
