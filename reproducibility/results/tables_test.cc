// The tables of docs/results.md say what the committed report says, row by row.

#include <gtest/gtest.h>

#include <functional>
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

// A table under "<!-- evidence: reproducibility/results/two_cores#depth -->" is made of that report's experiment `depth`.
constexpr char kFolder[] = "reproducibility/results/two_cores";

const ordered_json& Report() {
  static const auto* const kReport = new ordered_json(ReadJson(absl::StrCat(kFolder, "/report.json")));
  return *kReport;
}

std::string Percent(const ordered_json& number) { return absl::StrFormat("%.2f %%", 100 * number.get<double>()); }
std::string Nats(const ordered_json& number) { return absl::StrFormat("%.3f", number.get<double>()); }

// What the experiment says of the settings that have these values.
std::vector<ordered_json> Settings(const std::string& experiment, const ordered_json& values) {
  std::vector<ordered_json> fitting;
  for (const ordered_json& candidate : Report().at("experiments")) {
    if (candidate.at("name") != experiment) continue;
    for (const ordered_json& row : candidate.at("accuracies")) {
      bool fits = true;
      for (const auto& [name, value] : values.items()) fits = fits && row.at("settings").at(name) == value;
      if (fits) fitting.push_back(row);
    }
  }
  EXPECT_FALSE(fitting.empty()) << "the report's experiment " << experiment << " has no " << values;
  return fitting;
}

// By runs made under today's rule where there are any.
std::vector<std::string> Verdicts() {
  const ordered_json float32 = ReadJson(absl::StrCat(kFolder, "_float32/report.json"));
  std::map<std::string, ordered_json> newer;
  for (const ordered_json& claim : float32.at("claims")) newer[claim.at("id")] = claim;
  std::vector<std::string> rows;
  for (const ordered_json& older : Report().at("claims")) {
    if (!older.at("answered_by").empty()) continue;
    const auto again = newer.find(older.at("id"));
    const ordered_json& claim = again == newer.end() ? older : again->second;
    const std::string rule = claim.at("runs").empty() ? "-" : claim.at("changed_rules").empty() ? "today's" : "older";
    const auto text = [&](const char* field) { return claim.at(field).get<std::string>(); };
    const std::string leans = text("leans").empty() ? "" : ", leans to " + text("leans");
    rows.push_back(Row({text("id"), text("verdict") + leans, rule, text("statement")}));
  }
  return rows;
}

std::vector<std::string> Depths() {
  std::vector<std::string> rows;
  for (const ordered_json& sid : Settings("depth", {{"learner", "sid"}})) {
    const ordered_json& depth = sid.at("settings").at("depth");
    const auto accuracy_of = [&](const char* learner) {
      return Percent(Settings("depth", {{"learner", learner}, {"depth", depth}}).at(0).at("mean"));
    };
    rows.push_back(Row({depth.dump(), Percent(sid.at("first_mean")), Percent(sid.at("mean")), accuracy_of("bp-chain"),
                        accuracy_of("bp-deep"), Nats(sid.at("divergence").at(1)), Nats(sid.at("divergence").back()),
                        Percent(sid.at("fell_everywhere"))}));
  }
  return rows;
}

std::vector<std::string> LabelNoise() {
  std::vector<std::string> rows;
  for (const ordered_json& sid : Settings("label-noise", {{"learner", "sid"}})) {
    const ordered_json& noise = sid.at("settings").at("label_noise");
    std::vector<std::string> cells = {Percent(noise)};
    for (const char* learner : {"sid", "bp-chain", "bp-deep", "bp-head"}) {
      const auto row = Settings("label-noise", {{"learner", learner}, {"label_noise", noise}}).at(0);
      cells.push_back(Percent(row.at("mean")));
    }
    rows.push_back(Row(cells));
  }
  return rows;
}

// `settings` are shown in their order, joined by commas.
std::vector<std::string> Variants(const std::string& experiment, const std::vector<std::string>& settings,
                                  const ordered_json& fixed) {
  std::vector<std::string> rows;
  for (const ordered_json& row : Settings(experiment, fixed)) {
    std::vector<std::string> names;
    for (const std::string& setting : settings) {
      const ordered_json& value = row.at("settings").at(setting);
      names.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
    rows.push_back(
        Row({absl::StrJoin(names, ", "), Percent(row.at("first_mean")), Percent(row.at("mean")),
             Nats(row.at("divergence").at(1)), Nats(row.at("divergence").back()), Percent(row.at("fell_everywhere"))}));
  }
  return rows;
}

// A row for each learner, head and alpha on ResNet-9, whose modules own its blocks.
std::vector<std::string> Blocks() {
  std::vector<std::string> rows;
  for (const ordered_json& row : Settings("blocks", ordered_json::object())) {
    const ordered_json& settings = row.at("settings");
    const auto text = [&](const char* name) { return settings.at(name).get<std::string>(); };
    const bool follows = text("learner") == "sid";
    rows.push_back(Row({settings.at("depth").dump(), absl::StrCat("`", text("learner"), "`"), text("head"),
                        follows ? text("alpha") : "-", Percent(row.at("first_mean")), Percent(row.at("mean")),
                        Percent(row.at("deviation"))}));
  }
  return rows;
}

// ... and by overlap alone.
std::vector<std::string> Overlap() {
  std::vector<std::string> rows;
  for (const ordered_json& row : Settings("overlap", {{"learner", "sid"}})) {
    const ordered_json& settings = row.at("settings");
    rows.push_back(Row({settings.at("depth").dump(), settings.value("overlap", false) ? "yes" : "no",
                        Percent(row.at("first_mean")), Percent(row.at("mean")), Percent(row.at("deviation"))}));
  }
  return rows;
}

const std::map<std::string, std::function<std::vector<std::string>()>>& RowsByName() {
  static const auto* const kRows = new std::map<std::string, std::function<std::vector<std::string>()>>{
      {"verdicts", Verdicts},
      {"depth", Depths},
      {"label-noise", LabelNoise},
      {"alpha", [] { return Variants("alpha", {"alpha"}, ordered_json::object()); }},
      {"initialisation",
       [] {
         return Variants("initialisation", {"initialisation"}, {{"depth", 32}});
       }},
      {"blocks", Blocks},
      {"overlap", Overlap},
      {"very-deep", [] { return Variants("very-deep", {"depth"}, ordered_json::object()); }},
      {"belief-update", [] {
         return Variants("belief-update", {"belief_update", "initialisation"}, {{"depth", 16}});
       }}};
  return *kRows;
}

TEST(Results, EveryTableNamesItsEvidence) {
  for (const char* page : {"docs/results.md", "docs/benchmarks.md"}) {
    const std::vector<Table> tables = TablesOf(page);
    ASSERT_FALSE(tables.empty());
    for (const Table& table : tables) {
      EXPECT_NE(table.evidence, "") << page << ": no '<!-- evidence: ... -->' above the table with " << table.rows[0];
    }
  }
}

TEST(Results, TablesOfTheReportSayWhatItSays) {
  size_t found = 0;
  for (Table& table : TablesOf("docs/results.md")) {
    for (const auto& [name, rows] : RowsByName()) {
      if (table.evidence != absl::StrCat("<!-- evidence: ", kFolder, "#", name, " -->")) continue;
      ++found;
      table.rows.erase(table.rows.begin(), table.rows.begin() + 2);  // the head
      EXPECT_EQ(table.rows, rows()) << name;
    }
  }
  EXPECT_EQ(found, RowsByName().size());
}

}  // namespace
}  // namespace sid
