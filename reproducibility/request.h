#pragma once

// What is asked of //:reproduce.

#include <cstdint>
#include <optional>
#include <string>

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
  std::optional<Scale> scale;  // instead of quick's own
};

}  // namespace sid
