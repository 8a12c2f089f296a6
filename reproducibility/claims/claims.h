#pragma once

// The registry of claims, claims.json, as values.
//
//   claims.json --ParseRegistry--> Registry --> Claim --> Rule --hash--> every result that is made under it
//
// A rule decides; it is one of two kinds, which claims.json explains in its own words:
//
//   contrasts   sum_k times_k * quantity(runs of filter_k), a value a seed; its mean lies beyond the bound
//   bench       a ratio in a result of //:bench, judged for each device that one comes from

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

struct Bound {
  bool above = true;  // what is claimed to lie above `value`; below it otherwise
  double value = 0;
  // Refuted where it surely lies short of this, which is nearer to what is claimed; of `value` without.
  std::optional<double> fail;

  double Fail() const { return fail.value_or(value); }
};

struct Term {
  double times = 0;
  nlohmann::json filter;  // settings that a run must have
};

struct Contrast {
  std::string label;
  Bound bound;
  std::vector<Term> terms;
};

// The least evidence that can decide.
struct Needs {
  std::vector<std::string> datasets;  // any when empty
  int64_t epochs = 0;
  bool all_images = false;
  int64_t learning_rates = 1;     // to choose from
  bool noisy_validation = false;  // where training labels are noisy, those that choose rate and epoch are too
};

struct Rule {
  std::string quantity;  // of a run or a benchmark
  nlohmann::json where = nlohmann::json::object();
  Needs needs;
  std::vector<Contrast> contrasts;  // none for bench
  bool pooled = false;              // contrasts: their runs scatter alike
  Bound bound;                      // bench
  bool some = false;                // bench: one depth is enough; otherwise all are meant
  std::string over;                 // bench: the learners that SID is compared with, separated by commas
  bool cascade = false;             // bench: of the cascade alone, on given features; of whole steps otherwise

  bool IsOfBench() const { return contrasts.empty(); }
};

struct Claim {
  nlohmann::ordered_json text;  // as the registry has it
  std::string id;
  std::string experiment;  // "bench" for //:bench; empty without a rule
  int64_t seeds = 0;
  std::optional<Rule> rule;
  std::string hash;                      // SHA-256 of rule, experiment, seeds and tolerance
  std::string by_construction;           // without a rule: why no run could break it
  std::string not_run;                   // without a rule: why
  std::vector<std::string> answered_by;  // or who has it
};

struct Registry {
  std::string paper;
  nlohmann::ordered_json deviations;  // [{paper, here, why}]
  std::vector<Claim> claims;
};

// InvalidArgument in one line: which claim, what is wrong with it.
absl::StatusOr<Registry> ParseRegistry(std::string_view text);

// "all" or names separated by commas; what they are answered by comes with them. Unknown names get the nearest one.
absl::StatusOr<std::vector<Claim>> SelectClaims(const Registry& registry, const std::string& names);

}  // namespace sid
