#pragma once

// Tables of results, for the tests that compute them again: each stands under a comment that names its evidence.
//
//   <!-- evidence: bench/memory/results.json -->

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
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

inline nlohmann::ordered_json ReadJson(const std::string& path) {
  return nlohmann::ordered_json::parse(ReadFile(path).value());
}

// A table of a page, and its rows as the evidence has them.
struct Guarded {
  std::string page, evidence;
  std::vector<std::string> (*rows)();
};

// That the page has one such table, which says so row by row.
inline void ExpectTable(const Guarded& guarded) {
  int64_t found = 0;
  for (Table& table : TablesOf(guarded.page)) {
    if (table.evidence != absl::StrCat("<!-- evidence: ", guarded.evidence, " -->")) continue;
    ++found;
    table.rows.erase(table.rows.begin(), table.rows.begin() + 2);  // the head
    EXPECT_EQ(table.rows, guarded.rows()) << guarded.page << ": " << guarded.evidence;
  }
  EXPECT_EQ(found, 1) << guarded.page << ": " << guarded.evidence;
}

}  // namespace sid
