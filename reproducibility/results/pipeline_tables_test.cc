// The tables of modules side by side on two cores say what the committed file says, row by row.

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

// "`sid`, ranks", as the page names a contender.
std::string TitleOf(const ordered_json& contender) {
  const auto learner = contender.at("learner").get<std::string>(),
             schedule = contender.at("schedule").get<std::string>();
  static const auto* const kWays =
      new std::map<std::string, std::string>{{"pipeline", "pipeline, two threads"},
                                             {"ranks", "pipeline, two processes"},
                                             {"data-parallel", "data-parallel, two processes"},
                                             {"gpipe", "GPipe, two processes"}};
  const std::string threads = contender.at("threads") == 1 ? "one thread" : "two threads";
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

std::vector<std::string> TwoCores() {
  const ordered_json bench = ReadJson("bench/e5/two_cores.json");
  std::vector<const ordered_json*> backpropagation;
  for (const ordered_json& one : bench.at("contenders")) {
    if (one.at("learner") == "bp" && one.at("schedule") == "serial") backpropagation.push_back(&one);
  }
  std::vector<std::string> table;
  for (const ordered_json& one : bench.at("contenders")) {
    std::vector<std::string> cells = {TitleOf(one),
                                      WithInterval(one.at("step_seconds"), "%.0f", 1e3, one.at("trusted"))};
    for (const ordered_json* over : backpropagation) cells.push_back(GainOver(bench, one, *over));
    table.push_back(Row(cells));
  }
  return table;
}

// Each stage alone, and the step that was measured by what they predict.
std::vector<std::string> Predictions() {
  std::vector<std::string> table;
  const ordered_json bench = ReadJson("bench/e5/two_cores.json");
  for (const ordered_json& one : bench.at("modelled_pipelines")) {
    std::vector<std::string> stages;
    for (const ordered_json& seconds : one.at("stage_seconds"))
      stages.push_back(absl::StrFormat("%.0f", 1e3 * seconds.get<double>()));
    const auto predicted = one.at("predicted_seconds").get<double>();
    for (const ordered_json& contender : bench.at("contenders")) {
      if (contender.at("label") != one.at("label")) continue;
      table.push_back(Row({TitleOf(contender), absl::StrJoin(stages, " + "), absl::StrFormat("%.0f", 1e3 * predicted),
                           WithInterval(one.at("step_seconds"), "%.0f", 1e3, contender.at("trusted")),
                           WithInterval(one.at("step_seconds"), "%.2f", 1 / predicted, contender.at("trusted"))}));
    }
  }
  return table;
}

const Guarded kTables[] = {{"docs/benchmarks.md", "bench/e5/two_cores.json", TwoCores},
                           {"docs/benchmarks.md", "bench/e5/two_cores.json (prediction)", Predictions}};

TEST(Pipelines, TablesSayWhatTheFilesSay) {
  for (const Guarded& guarded : kTables) ExpectTable(guarded);
}

}  // namespace
}  // namespace sid
