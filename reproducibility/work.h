#pragma once

// What a request means: the claims' experiments, the scale that its budget allows them, and the runs of each.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/plan.h"
#include "reproducibility/request.h"

namespace sid {

// One experiment's runs, and how long they should take.
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
