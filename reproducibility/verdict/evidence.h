#pragma once

// From results of runs to the numbers that a rule compares.
//
//   runs of an experiment --filter, choice by validation--> one run a seed and term --> sum of times * quantity, a seed each
//
// What is compared of one run, by name; rises and contractions are a list, a number a module, and each becomes a contrast of its own:
//
//   accuracy                  on the test set, of the last belief
//   rise                      (d_i - d_{i-1}) / d_0, of the mean divergence on the test set
//   rise_in_training          the same on the validation set, from the second module on, in each half of the epochs
//   contraction               d_i / d_{i-1}
//   staleness                 nats, how far a step moves the teacher that moves most, mean over the probes of probed runs
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
  Shares shares;  // of the settings in it: two contrasts with the same ones and bound say the same
};

// NotFound says why there are no values; other errors are the registry's.
absl::StatusOr<ContrastValues> Evaluate(const Rule& rule, const Contrast& contrast, const Evidence& evidence,
                                        Looked* looked);

// A run that failed has the accuracy of guessing, and nothing (an empty list) of the others; UnknownName for another quantity.
absl::StatusOr<std::vector<double>> QuantityOf(const std::string& quantity, const nlohmann::ordered_json& result);

// Of the `count` numbers of a quantity's list: ", module 3"; empty for a quantity that is one.
std::vector<std::string> NamesOf(const std::string& quantity, size_t count);

// How many tests a contrast is, were there runs of it.
size_t TestsOf(const Rule& rule, const Contrast& contrast);

// Of the weights that were kept; 0 for a run that failed, which is no choice.
double ValidationAccuracy(const nlohmann::ordered_json& result);

}  // namespace sid
