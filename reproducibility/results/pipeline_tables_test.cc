// The tables of modules side by side, on two cores and over slow links, say what the committed files say, row by row.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "reproducibility/results/tables_for_tests.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// "`sid`, ranks", as the page names a contender. One whose threads were not asked for has the process's.
std::string TitleOf(const ordered_json& bench, const ordered_json& contender) {
  const auto learner = contender.at("learner").get<std::string>(),
             schedule = contender.at("schedule").get<std::string>();
  static const auto* const kWays =
      new std::map<std::string, std::string>{{"pipeline", "pipeline, two threads"},
                                             {"ranks", "pipeline, two processes"},
                                             {"data-parallel", "data-parallel, two processes"},
                                             {"gpipe", "GPipe, two processes"}};
  const ordered_json& own = contender.at("threads");
  const std::string threads =
      (own == 0 ? bench.at("environment").at("threads") : own) == 1 ? "one thread" : "two threads";
  return absl::StrCat("`", learner, "`, ", schedule == "serial" ? threads : kWays->at(schedule));
}

// "1.62 (1.58 to 1.66)", `sign` where it was disturbed.
std::string WithInterval(const ordered_json& summary, const char* format, double scale, bool trusted) {
  const auto number = [&](const char* field) {
    return absl::StrFormat(*absl::ParsedFormat<'f'>::New(format), scale * summary.at(field).get<double>());
  };
  return absl::StrCat(number("median"), " (", number("low"), " to ", number("high"), ")", trusted ? "" : " *");
}

std::string GainOver(const ordered_json& bench, const ordered_json& of, const ordered_json& over) {
  for (const ordered_json& pair : bench.at("measured_speedups")) {
    if (pair.at("of") == of.at("label") && pair.at("over") == over.at("label"))
      return WithInterval(pair.at("ratio"), "%.2f", 1, pair.at("trusted"));
  }
  return "-";
}

// Each contender, over the ways of one process.
std::vector<std::string> TwoCores(const std::string& file) {
  const ordered_json bench = ReadJson(file);
  std::vector<const ordered_json*> alone;
  for (const ordered_json& one : bench.at("contenders")) {
    if (one.at("schedule") == "serial" && (one.at("learner") == "bp" || one.at("threads") == 1)) alone.push_back(&one);
  }
  std::vector<std::string> table;
  for (const ordered_json& one : bench.at("contenders")) {
    std::vector<std::string> cells = {TitleOf(bench, one),
                                      WithInterval(one.at("step_seconds"), "%.0f", 1e3, one.at("trusted"))};
    for (const ordered_json* over : alone) cells.push_back(GainOver(bench, one, *over));
    table.push_back(Row(cells));
  }
  return table;
}

// Each pair of contenders.
std::vector<std::string> Pairs(const std::string& file) {
  const ordered_json bench = ReadJson(file);
  std::map<std::string, std::string> titles;
  for (const ordered_json& one : bench.at("contenders")) titles[one.at("label")] = TitleOf(bench, one);
  std::vector<std::string> table;
  for (const ordered_json& pair : bench.at("measured_speedups")) {
    table.push_back(Row({titles.at(pair.at("of")), titles.at(pair.at("over")),
                         WithInterval(pair.at("ratio"), "%.2f", 1, pair.at("trusted")),
                         absl::StrCat(pair.at("ratio").at("samples").get<int64_t>())}));
  }
  return table;
}

// Each stage alone, and the step that was measured by what they predict.
std::vector<std::string> Predictions(const std::string& file) {
  std::vector<std::string> table;
  const ordered_json bench = ReadJson(file);
  for (const ordered_json& one : bench.at("modelled_pipelines")) {
    std::vector<std::string> stages;
    for (const ordered_json& seconds : one.at("stage_seconds"))
      stages.push_back(absl::StrFormat("%.0f", 1e3 * seconds.get<double>()));
    const auto predicted = one.at("predicted_seconds").get<double>();
    for (const ordered_json& contender : bench.at("contenders")) {
      if (contender.at("label") != one.at("label")) continue;
      table.push_back(
          Row({TitleOf(bench, contender), absl::StrJoin(stages, " + "), absl::StrFormat("%.0f", 1e3 * predicted),
               WithInterval(one.at("step_seconds"), "%.0f", 1e3, contender.at("trusted")),
               WithInterval(one.at("step_seconds"), "%.2f", 1 / predicted, contender.at("trusted"))}));
    }
  }
  return table;
}

// Two processes joined by a link, and one without; against backpropagation in one.
std::vector<std::string> SlowLinks() {
  static const auto* const kMethods = new std::map<std::string, std::string>{{"sid", "SID's pipeline"},
                                                                             {"bp", "`bp`, data-parallel"},
                                                                             {"gpipe", "`bp`, GPipe"},
                                                                             {"one-sid", "`sid`, one process"},
                                                                             {"one-bp", "`bp`, one process"}};
  const ordered_json rows = ReadJson("bench/e5/slow_links.json").at("rows");
  std::map<int64_t, double> alone;  // by width
  for (const ordered_json& row : rows) {
    if (row.at("method") == "one-bp") alone[row.at("width")] = row.at("step_seconds");
  }
  std::vector<std::string> table;
  for (const ordered_json& row : rows) {
    const bool joined = row.contains("mbit_per_second");
    if (row.contains("not_measured")) continue;
    const auto seconds = row.at("step_seconds").get<double>();
    table.push_back(
        Row({kMethods->at(row.at("method")), absl::StrCat(row.at("width").get<int64_t>()),
             joined ? absl::StrFormat("%g", row.at("mbit_per_second").get<double>()) : "-",
             joined ? absl::StrFormat("%.2f", row.at("step_bytes").get<double>() / 1e6) : "-",
             absl::StrFormat("%.0f", 1e3 * seconds), absl::StrFormat("%.2f", alone.at(row.at("width")) / seconds)}));
  }
  return table;
}

// The claims' own benchmarks on ranks, by batches of 8, 16 and 64.
constexpr char kOfEight[] = "reproducibility/results/two_cores/bench-6.json";
constexpr char kOfSixteen[] = "reproducibility/results/two_cores/bench-4.json";
constexpr char kOfSixtyFour[] = "reproducibility/results/two_cores/bench-5.json";
constexpr char kTimed[] = "bench/e5/two_cores.json";
constexpr char kPage[] = "docs/benchmarks.md";

const Guarded kTables[] = {
    {kPage, kOfEight, [] { return TwoCores(kOfEight); }},
    {kPage, absl::StrCat(kOfEight, " (prediction)"), [] { return Predictions(kOfEight); }},
    {kPage, kTimed, [] { return TwoCores(kTimed); }},
    {kPage, absl::StrCat(kTimed, " (prediction)"), [] { return Predictions(kTimed); }},
    {kPage, kOfSixteen, [] { return Pairs(kOfSixteen); }},
    {kPage, kOfSixtyFour, [] { return Pairs(kOfSixtyFour); }},
    {kPage, absl::StrCat(kOfSixteen, " (prediction)"), [] { return Predictions(kOfSixteen); }},
    {kPage, absl::StrCat(kOfSixtyFour, " (prediction)"), [] { return Predictions(kOfSixtyFour); }},
    {"docs/pipelines.md", "bench/e5/slow_links.json", SlowLinks}};

TEST(Pipelines, TablesSayWhatTheFilesSay) {
  for (const Guarded& guarded : kTables) ExpectTable(guarded);
}

}  // namespace
}  // namespace sid
