// README.md's tables of times and bytes say what the committed benchmarks say, row by row.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "reproducibility/results/readme_tables_for_tests.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// What a row of a benchmark's table shows: milliseconds of one contender by depth.
struct Timed {
  std::string title, learner, executor, precision;
};

const ordered_json& Find(const ordered_json& bench, const Timed& timed, int64_t depth) {
  for (const ordered_json& contender : bench.at("contenders")) {
    if (contender.at("learner") == timed.learner &&
        (timed.executor.empty() || contender.at("executor") == timed.executor) &&
        contender.at("precision") == timed.precision && contender.at("depth") == depth && contender.at("chunk") == 0) {
      return contender;
    }
  }
  ADD_FAILURE() << "no contender for " << timed.title << " at L = " << depth;
  return bench;
}

// How many times faster SID in closed form is than bp-chain, from pairs: the file holds each pair once, SID as what is compared.
std::string Gain(const ordered_json& bench, const std::string& precision, int64_t depth) {
  const auto sid = Find(bench, {"", "sid", "batched", precision}, depth).at("label").get<std::string>(),
             chain = Find(bench, {"", "bp-chain", "", precision}, depth).at("label").get<std::string>();
  for (const ordered_json& pair : bench.at("measured_speedups")) {
    if (pair.at("of") != sid || pair.at("over") != chain) continue;
    return absl::StrFormat("%.2f", pair.at("ratio").at("median").get<double>());
  }
  return "no such pair";
}

// Of the precisions that were measured.
std::vector<std::string> TimesOf(const std::string& path) {
  const ordered_json bench = ordered_json::parse(ReadFile(path).value());
  const Timed rows[] = {{"`sid`, `--executor=serial`", "sid", "serial", "fp32"},
                        {"`bp-chain`", "bp-chain", "", "fp32"},
                        {"`sid`, `--executor=batched`", "sid", "batched", "fp32"},
                        {"`sid`, `serial`, `--precision=bf16`", "sid", "serial", "bf16"},
                        {"`bp-chain`, `--precision=bf16`", "bp-chain", "", "bf16"},
                        {"`sid`, `batched`, `--precision=bf16`", "sid", "batched", "bf16"}};
  const auto measured = [&](const std::string& precision) {
    return std::any_of(bench.at("contenders").begin(), bench.at("contenders").end(),
                       [&](const ordered_json& contender) { return contender.at("precision") == precision; });
  };
  constexpr int64_t kDepths[] = {4, 8, 16, 64};
  std::vector<std::string> table;
  for (const Timed& timed : rows) {
    if (!measured(timed.precision)) continue;
    std::vector<std::string> cells = {timed.title};
    for (const int64_t depth : kDepths) {
      const double seconds = Find(bench, timed, depth).at("step_seconds").at("median").get<double>();
      cells.push_back(absl::StrFormat("%.3g", 1e3 * seconds));
    }
    table.push_back(Row(cells));
  }
  for (const auto& [title, precision] :
       {std::pair("`batched` against `bp-chain`: times faster", "fp32"), {"the same in bf16", "bf16"}}) {
    if (!measured(precision)) continue;
    std::vector<std::string> cells = {title};
    for (const int64_t depth : kDepths) cells.push_back(Gain(bench, precision, depth));
    table.push_back(Row(cells));
  }
  return table;
}

// Mebibytes above weights and optimizer state, by depth.
std::vector<std::string> MemoryOf(const std::string& path) {
  const ordered_json bench = ordered_json::parse(ReadFile(path).value());
  std::vector<std::string> table;
  for (const auto& [title, learner, chunk] : {std::tuple("`sid`, all modules at a time", "sid", 0),
                                              {"`sid`, `--chunk=4`", "sid", 4},
                                              {"`bp-chain`", "bp-chain", 0},
                                              {"`bp-chain-checkpoint`", "bp-chain-checkpoint", 0}}) {
    std::vector<std::string> cells = {title};
    for (const ordered_json& contender : bench.at("contenders")) {
      if (contender.at("learner") != learner || contender.at("chunk") != chunk) continue;
      cells.push_back(absl::StrFormat("%.1f", contender.at("above_bytes").get<double>() / (1 << 20)));
    }
    table.push_back(Row(cells));
  }
  return table;
}

const std::pair<std::string, std::vector<std::string> (*)(const std::string&)> kBenchmarks[] = {
    {"reproducibility/results/two_cores/bench.json", TimesOf},
    {"bench/cascade/results.json", TimesOf},
    {"bench/memory/results.json", MemoryOf}};

TEST(Readme, TablesOfBenchmarksSayWhatTheySay) {
  size_t found = 0;
  for (Table& table : TablesOfResults()) {
    for (const auto& [path, rows_of] : kBenchmarks) {
      if (table.evidence != absl::StrCat("<!-- evidence: ", path, " -->")) continue;
      ++found;
      table.rows.erase(table.rows.begin(), table.rows.begin() + 2);  // the head
      EXPECT_EQ(table.rows, rows_of(path)) << path;
    }
  }
  EXPECT_EQ(found, std::size(kBenchmarks));
}

}  // namespace
}  // namespace sid
