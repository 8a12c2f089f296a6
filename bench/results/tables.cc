#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/results/read.h"
#include "bench/results/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

struct Column {
  std::string title, place;  // in an entry, as a JSON pointer; its name says the unit
};

// Seconds are shown as milliseconds, bytes as MiB; a summary as its interval; other objects and lists by what is in them.
std::string Cell(const ordered_json& value, const std::string& place) {
  const auto join = [&](const char* between) {
    return absl::StrJoin(value, between, [&](std::string* out, const ordered_json& one) { *out += Cell(one, place); });
  };
  const bool bytes = absl::StrContains(place, "bytes");
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_array()) return join(" ");
  if (value.is_object() && value.contains("low")) return Cell({value.at("low"), "-", value.at("high")}, place);
  if (value.is_object()) return join(": ");
  if (value.is_number_integer() && !bytes) return value.dump();
  const double scale = bytes ? 1.0 / (1 << 20) : absl::StrContains(place, "seconds") ? 1e3 : 1;
  return bytes && value < 0 ? "-" : absl::StrFormat("%.3f", scale * value.get<double>());
}

std::string Line(const std::vector<std::string>& cells) {
  return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
}

// A row of each entry; nothing where there is none.
std::string Table(const ordered_json& entries, const std::vector<Column>& columns) {
  if (entries.empty()) return "";
  std::vector<std::string> titles;
  for (const Column& column : columns) titles.push_back(column.title);
  std::string text = Line(titles) + Line(std::vector<std::string>(titles.size(), "---"));
  for (const ordered_json& entry : entries) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const auto& [title, place] : columns)
      cells.push_back(Cell(entry.at(ordered_json::json_pointer(place)), place));
    text += Line(cells);
  }
  return text + "\n";
}

// Of all contenders; those of modules are in the JSON.
ordered_json WholePhases(const ordered_json& contenders) {
  ordered_json all = ordered_json::array();
  for (const ordered_json& one : contenders) {
    const double step = PhaseSeconds(one, "step");
    for (ordered_json phase : one.at("phases")) {
      if (phase.at("module") >= 0) continue;
      for (const char* key : {"name", "depth", "batch", "phases_of"}) phase[key] = one.at(key);
      phase["share"] = absl::StrFormat("%.1f %%", 100 * phase.at("seconds").at("median").get<double>() / step);
      all.push_back(std::move(phase));
    }
  }
  return all;
}

}  // namespace

std::string ToMarkdown(const ordered_json& results) {
  const ordered_json &contenders = results.at("contenders"), &modelled = results.at("modelled_speedups");
  return absl::StrCat(
      Table(contenders, {{"step, ms", "/name"},
                         {"L", "/depth"},
                         {"B", "/batch"},
                         {"median", "/step_seconds/median"},
                         {"95 %", "/step_seconds"},
                         {"samples", "/step_seconds/samples"},
                         {"discarded", "/discarded"},
                         {"settled", "/stationary"},
                         {"trusted", "/trusted"}}),
      Table(WholePhases(contenders), {{"phase, ms", "/name"},
                                      {"L", "/depth"},
                                      {"B", "/batch"},
                                      {"of a", "/phases_of"},
                                      {"phase", "/phase"},
                                      {"median", "/seconds/median"},
                                      {"95 %", "/seconds"},
                                      {"of it", "/share"}}),
      Table(contenders, {{"memory, MiB", "/name"},
                         {"L", "/depth"},
                         {"B", "/batch"},
                         {"parameters", "/parameter_bytes"},
                         {"optimizer", "/optimizer_bytes"},
                         {"peak above both", "/above_bytes"}}),
      Table(modelled, {{"theoretical: modules alone, ms", "/label"},
                       {"phase 1", "/phase_1_seconds"},
                       {"phase 2", "/phase_2_seconds"},
                       {"all modules", "/all_modules_seconds"},
                       {"slowest", "/slowest_module_seconds"},
                       {"sum / slowest", "/theoretical"}}),
      Table(modelled, {{"critical path: a whole step, modelled", "/label"}, {"speedup on devices", "/critical_path"}}),
      Table(results.at("modelled_pipelines"), {{"pipeline, ms", "/label"},
                                               {"each stage alone", "/stage_seconds"},
                                               {"slowest: predicted", "/predicted_seconds"},
                                               {"measured", "/step_seconds/median"},
                                               {"95 %", "/step_seconds"}}),
      Table(results.at("measured_speedups"), {{"measured: wall clock against wall clock", "/of"},
                                              {"over", "/over"},
                                              {"speedup", "/ratio/median"},
                                              {"95 %", "/ratio"},
                                              {"pairs", "/ratio/samples"},
                                              {"trusted", "/trusted"}}));
}

}  // namespace sid
