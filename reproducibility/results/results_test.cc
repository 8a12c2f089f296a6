// The committed evidence: the report and README.md say what the runs say, number by number.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "reproducibility/report/report.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr char kFolder[] = "reproducibility/results/quick";

bool Committed() { return std::filesystem::exists(absl::StrCat(kFolder, "/report.json")); }

constexpr char kNone[] = "no evidence is committed in this tree";

Registry TheRegistry() { return ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(); }

ordered_json Recomputed() {
  const auto input = ReadReportInput(kFolder, TheRegistry());
  EXPECT_TRUE(input.ok()) << input.status();
  return input.ok() ? MakeReport(*input).value() : ordered_json::object();
}

TEST(CommittedReport, IsWhatTheRunsSay) {
  if (!Committed()) GTEST_SKIP() << kNone;
  EXPECT_EQ(Recomputed().dump(1) + "\n", ReadFile(absl::StrCat(kFolder, "/report.json")).value())
      << "make it again: ./tools/bazel run //:reproduce -- --budget=quick --out=reproducibility/results/quick";
}

TEST(CommittedReport, NamesEveryRunAndNoOther) {
  if (!Committed()) GTEST_SKIP() << kNone;
  std::set<std::string> named, there;
  const ordered_json report = Recomputed();
  for (const ordered_json& experiment : report.at("experiments")) {
    for (const ordered_json& run : experiment.at("runs")) named.insert(run.at("file").get<std::string>());
  }
  for (const auto& file : std::filesystem::directory_iterator(absl::StrCat(kFolder, "/runs"))) {
    there.insert(file.path().filename().string());
  }
  EXPECT_EQ(named, there);
}

TEST(CommittedReport, HoldsNoPathOfAMachine) {
  if (!Committed()) GTEST_SKIP() << kNone;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (!file.is_regular_file()) continue;
    const std::string text = ReadFile(file.path().string()).value();
    for (const char* path : {"/home/", "/root/", "/tmp/", "/Users/"}) {
      EXPECT_EQ(text.find(path), std::string::npos) << file.path() << " " << path;
    }
  }
}

// "| C1 | ? INCONCLUSIVE | statement |"
std::vector<std::string> VerdictRows(const ordered_json& report) {
  std::vector<std::string> rows;
  for (const ordered_json& claim : report.at("claims")) {
    if (!claim.at("answered_by").empty()) continue;
    rows.push_back(absl::StrCat("| ", claim.at("id").get<std::string>(), " | ", claim.at("verdict").get<std::string>(),
                                " | ", claim.at("statement").get<std::string>(), " |"));
  }
  return rows;
}

struct Table {
  std::string evidence;  // what the comment above it names
  std::vector<std::string> rows;
};

// The tables of README.md's section on results, each with the comment that says where its numbers come from.
std::vector<Table> TablesOfResults() {
  std::vector<Table> tables;
  std::string evidence;
  bool in_results = false, in_table = false;
  for (const auto line : absl::StrSplit(ReadFile("README.md").value(), '\n')) {
    if (absl::StartsWith(line, "## ")) in_results = line == "## Results";
    if (absl::StartsWith(line, "<!-- evidence: ")) evidence = std::string(line);
    const bool is_row = in_results && absl::StartsWith(line, "|");
    if (is_row && !in_table) tables.push_back({evidence, {}});
    if (is_row) tables.back().rows.emplace_back(line);
    if (in_table && !is_row) evidence.clear();
    in_table = is_row;
  }
  return tables;
}

TEST(Readme, EveryTableOfResultsNamesItsEvidence) {
  const std::vector<Table> tables = TablesOfResults();
  ASSERT_FALSE(tables.empty());
  int recomputed = 0;
  for (const Table& table : tables) {
    EXPECT_NE(table.evidence, "") << "no '<!-- evidence: ... -->' above the table that begins with " << table.rows[0];
    recomputed += absl::StrContains(table.evidence, "reproducibility/results/quick") ? 1 : 0;
  }
  EXPECT_EQ(recomputed, Committed() ? 1 : 0);
}

TEST(Readme, VerdictsAreTheReports) {
  if (!Committed()) GTEST_SKIP() << kNone;
  for (Table& table : TablesOfResults()) {
    if (!absl::StrContains(table.evidence, "reproducibility/results/quick")) continue;
    table.rows.erase(table.rows.begin(), table.rows.begin() + 2);
    EXPECT_EQ(table.rows, VerdictRows(Recomputed()));
  }
}

}  // namespace
}  // namespace sid
