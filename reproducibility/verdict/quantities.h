#pragma once

// What a rule compares of one run, by name:
//
//   accuracy                  on the test set, of the last belief
//   rise                      (d_i - d_{i-1}) / d_0, of the mean divergence on the test set
//   rise_in_training          the same on the validation set, from the second module on, in each half of the epochs
//   contraction               d_i / d_{i-1}
//   staleness                 nats, how far a step moves the teacher that moves most, mean over the probes of probed runs
//
// Rises and contractions are a list, a number a module, and each number becomes a contrast of its own.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"

namespace sid {

// A run that failed has the accuracy of guessing, and nothing (an empty list) of the others; UnknownName for another quantity.
absl::StatusOr<std::vector<double>> QuantityOf(const std::string& quantity, const nlohmann::ordered_json& result);

// Of the `count` numbers of a quantity's list: ", module 3"; empty for a quantity that is one.
std::vector<std::string> NamesOf(const std::string& quantity, size_t count);

// How many tests a contrast is, were there runs of it.
size_t TestsOf(const Rule& rule, const Contrast& contrast);

// Of the weights that were kept; 0 for a run that failed, which is no choice.
double ValidationAccuracy(const nlohmann::ordered_json& result);

}  // namespace sid
