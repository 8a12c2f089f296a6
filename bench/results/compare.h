#pragma once

// Two runs of the benchmark against each other, contender by contender: faster, slower, or no difference.
//
// The runs are not pairs, so all there is are the two intervals of the median. Their ratio lies, at worst, between low/high and
// high/low. A difference is one when that range lies beyond 1 by more than the tolerance: two runs of the same program differ by
// some percent for reasons that neither run's interval knows (the layout of memory, a warmer processor).

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/statistics/statistics.h"

namespace sid {

enum class Change { kFaster, kSlower, kNoDifference };

struct ComparedStep {
  std::string label;
  double old_seconds = 0, new_seconds = 0;
  Interval ratio;  // new / old: below 1 is faster
  Change change = Change::kNoDifference;
};

struct RunComparison {
  std::vector<ComparedStep> steps;              // contenders that both runs have, in the new one's order
  std::vector<std::string> only_old, only_new;  // labels
  std::vector<std::string> cautions;            // why the runs may not be comparable, one line each
};

// From the texts of two JSON files, named `old_name` and `new_name` in errors: no JSON, another schema, nothing in common.
absl::StatusOr<RunComparison> CompareRuns(const std::string& old_text, const std::string& old_name,
                                          const std::string& new_text, const std::string& new_name, double tolerance);

// For a terminal and for Markdown.
std::string ToMarkdown(const RunComparison& comparison);

}  // namespace sid
