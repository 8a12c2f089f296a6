#pragma once

// Cells of a file of //:bench, by contender and number of modules.

#include "absl/strings/str_format.h"
#include "reproducibility/results/tables_for_tests.h"

namespace sid {

inline constexpr int64_t kDepths[] = {4, 8, 16, 64};

// Milliseconds of one contender by depth.
struct Timed {
  std::string title, learner, executor, precision;
  bool captured = false;
};

inline const nlohmann::ordered_json& Find(const nlohmann::ordered_json& bench, const Timed& timed, int64_t depth) {
  for (const nlohmann::ordered_json& contender : bench.at("contenders")) {
    if (contender.at("learner") == timed.learner &&
        (timed.executor.empty() || contender.at("executor") == timed.executor) &&
        contender.at("precision") == timed.precision && contender.at("captured") == timed.captured &&
        contender.at("depth") == depth && contender.at("chunk") == 0) {
      return contender;
    }
  }
  ADD_FAILURE() << "no contender for " << timed.title << " at L = " << depth;
  return bench;
}

inline std::string Milliseconds(const nlohmann::ordered_json& bench, const Timed& timed, bool decimals = false) {
  std::vector<std::string> cells = {timed.title};
  for (const int64_t depth : kDepths) {
    const double milliseconds = 1e3 * Find(bench, timed, depth).at("step_seconds").at("median").get<double>();
    cells.push_back(decimals ? absl::StrFormat("%.3f", milliseconds) : absl::StrFormat("%.3g", milliseconds));
  }
  return Row(cells);
}

// How many times faster, from pairs: the file holds each pair once, SID as what is compared.
inline std::string Gains(const std::string& title, const nlohmann::ordered_json& bench, const Timed& of,
                         const Timed& over) {
  std::vector<std::string> cells = {title};
  for (const int64_t depth : kDepths) {
    const auto first = Find(bench, of, depth).at("label").get<std::string>(),
               second = Find(bench, over, depth).at("label").get<std::string>();
    std::string cell = "no such pair";
    for (const nlohmann::ordered_json& pair : bench.at("measured_speedups")) {
      if (pair.at("of") != first || pair.at("over") != second) continue;
      cell = absl::StrFormat("%.2f", pair.at("ratio").at("median").get<double>());
    }
    cells.push_back(cell);
  }
  return Row(cells);
}

}  // namespace sid
