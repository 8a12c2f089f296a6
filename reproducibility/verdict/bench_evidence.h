#pragma once

// Rules about times and bytes, judged on a result of //:bench.
//
//   results.json --ReadBench (bench/results/read.h), RatiosOf--> ratios, one a depth and batch --JudgeRatios--> verdict

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/verdict/comparison.h"

namespace sid {

// A figure that a rule's bound is held against.
struct Ratio {
  std::string label;
  double value = 0;
  Interval interval;    // value itself at both ends where the figure has none
  int64_t samples = 0;  // that the interval is of
  bool trusted = true;  // false: the samples were disturbed, or had not settled
  std::string device;   // that it was measured on
};

// critical_path_speedup (of a step on many devices), extractor_backward_share, and, of the fastest of SID's executors over rule.over,
// measured_speedup and memory_ratio; pipeline_prediction, the slowest stage alone over a pipeline's step. `bench` is as ReadBench returns
// it. Of whole steps, or of the cascade alone where the rule says so: a benchmark of the other has none. UnknownName for another quantity.
absl::StatusOr<std::vector<Ratio>> RatiosOf(const Rule& rule, const nlohmann::ordered_json& bench);

// NOT RUN without ratios; INCONCLUSIVE where one that matters is not trusted or its interval straddles the bound. Where one alone would refute,
// the p values against the claim are Holm's, as those of contrasts: by Student's t on the ratios' logarithms, as their intervals are.
Finding JudgeRatios(const Rule& rule, const std::vector<Ratio>& ratios);

}  // namespace sid
