#pragma once

// What is asked of //:reproduce, and what that means: the claims' experiments, the scale that the budget allows them, and the
// runs of each.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/plan.h"

namespace sid {

struct ReproduceRequest {
  std::string claims = "all";
  std::string budget = "quick";
  std::string data_dir;  // without it, all but quick run nothing that needs a data set
  std::string out;
  std::string bench;  // results.json of //:bench; empty: OUT/bench.json where there is one
  double images_per_second = ExperimentRequest().images_per_second;
  std::string precision = ExperimentRequest().precision;
  std::string device = "auto";
  int64_t threads = 0;
  double seconds = 0;          // no run begins that would not end by then; 0: all begin
  std::optional<Scale> scale;  // instead of quick's own
};

// One experiment's runs.
struct Work {
  std::string name;
  Plan plan;
  std::string not_run;  // why, or why not all
};

// The data set that a quick run takes instead of every other.
inline constexpr char kStandIn[] = "mnist-mini";

// In the order of the registry. InvalidArgument for an unknown budget, or one below what the smallest scale needs.
absl::StatusOr<std::vector<Work>> MakeAllWork(const std::vector<Claim>& claims, const ReproduceRequest& request);

// What of the request decides which runs these are, beside claims and budget: " --precision=bf16".
std::string OptionsOf(const ReproduceRequest& request);

}  // namespace sid
