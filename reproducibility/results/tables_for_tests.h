#pragma once

// Tables of results, for the tests that compute them again: each stands under a comment that names its evidence.
//
//   <!-- evidence: bench/memory/results.json -->

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/files.h"

namespace sid {

inline std::string Row(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |");
}

struct Table {
  std::string evidence;  // what the comment above it names
  std::vector<std::string> rows;
};

// The tables of a page, each with the comment that says where its numbers come from.
inline std::vector<Table> TablesOf(const std::string& path) {
  std::vector<Table> tables;
  std::string evidence;
  bool in_table = false;
  for (const absl::string_view line : absl::StrSplit(ReadFile(path).value(), '\n')) {
    if (absl::StartsWith(line, "<!-- evidence: ")) evidence = std::string(line);
    const bool is_row = absl::StartsWith(line, "|");
    if (is_row && !in_table) tables.push_back({evidence, {}});
    if (is_row) tables.back().rows.emplace_back(line);
    if (in_table && !is_row) evidence.clear();
    in_table = is_row;
  }
  return tables;
}

}  // namespace sid
