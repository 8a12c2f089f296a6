#include "train/output/report_page.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/json/text.h"
#include "base/status.h"
#include "train/output/line_chart.h"
#include "train/output/style.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostDepths = 4;  // whose curves are shown by epoch
constexpr size_t kLongTable = 20;

// A list of the record's numbers, empty where there is none; null is what is not finite.
std::vector<double> Numbers(const ordered_json& record, const char* name, double scale = 1) {
  std::vector<double> numbers;
  for (const ordered_json& value : record.value(name, ordered_json::array())) {
    numbers.push_back(value.is_number() ? scale * value.get<double>() : kNone);
  }
  return numbers;
}

double Number(const ordered_json& record, const char* name, double scale = 1) {
  const ordered_json value = record.value(name, ordered_json());
  return value.is_number() ? scale * value.get<double>() : kNone;
}

// The first depth, the last, and some between them; from 0.
std::vector<size_t> ShownDepths(size_t depth) {
  std::set<size_t> shown;
  for (size_t k = 0; k < kMostDepths && depth > 0; ++k) shown.insert(k * (depth - 1) / (kMostDepths - 1));
  return {shown.begin(), shown.end()};
}

std::string Figure(const std::string& caption, const LineChart& chart) {
  std::string legend;
  for (size_t k = 0; k < chart.curves.size(); ++k) {
    absl::StrAppend(&legend, "<span><b style=\"color:", ColourOf(k), "\">&#9679;</b> ", Escaped(chart.curves[k].name),
                    "</span>");
  }
  if (chart.curves.size() < 2) legend.clear();
  return absl::StrCat("<figure><figcaption>", caption, "</figcaption>", ToSvg(chart), "<div class=\"legend\">", legend,
                      "</div></figure>\n");
}

// A curve for each shown depth of the list `name`, and the number `whole` before them.
std::string ByEpoch(const std::vector<ordered_json>& epochs, const std::string& caption, const std::string& unit,
                    const char* whole, const char* name, double scale) {
  LineChart chart{.x_title = "epoch", .y_title = unit, .curves = {{"training", {}}}};
  const size_t depth = epochs.empty() ? 0 : Numbers(epochs.back(), name).size();
  for (const size_t shown : ShownDepths(depth))
    chart.curves.push_back({absl::StrCat("validation, depth ", shown + 1), {}});
  for (const ordered_json& epoch : epochs) {
    const double at = Number(epoch, "epoch");
    const std::vector<double> values = Numbers(epoch, name, scale);
    chart.curves[0].points.emplace_back(at, Number(epoch, whole, scale));
    size_t curve = 1;
    for (const size_t shown : ShownDepths(depth)) {
      chart.curves[curve++].points.emplace_back(at, shown < values.size() ? values[shown] : kNone);
    }
  }
  return Figure(caption, chart);
}

std::string ByDepth(const ordered_json& summary, const std::string& caption, const std::string& unit, const char* name,
                    double scale) {
  Curve curve;
  for (const double value : Numbers(summary, name, scale)) {
    curve.points.emplace_back(static_cast<double>(curve.points.size() + 1), value);
  }
  if (curve.points.size() < 2) return "";
  return Figure(caption, {.x_title = "depth", .y_title = unit, .curves = {curve}});
}

std::string Cell(double value) { return std::isfinite(value) ? absl::StrFormat("%.4g", value) : "-"; }

std::string PercentOf(double value) { return std::isfinite(value) ? absl::StrFormat("%.2f %%", value) : "-"; }

std::string TestTable(const ordered_json& summary) {
  const std::vector<double> accuracy = Numbers(summary, "test_accuracy", 100),
                            divergence = Numbers(summary, "test_divergence"), loss = Numbers(summary, "test_loss");
  std::string rows = "<tr><th>depth</th><th>accuracy</th><th>divergence</th><th>loss</th></tr>\n";
  const auto at = [](const std::vector<double>& values, size_t k) { return k < values.size() ? values[k] : kNone; };
  for (size_t k = 0; k < accuracy.size(); ++k) {
    absl::StrAppendFormat(&rows, "<tr><td>%d</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", k + 1,
                          PercentOf(accuracy[k]), Cell(at(divergence, k)), Cell(at(loss, k)));
  }
  return absl::StrCat("<details", accuracy.size() > kLongTable ? "" : " open",
                      "><summary>Test set</summary><table class=\"fine\">\n", rows, "</table></details>\n");
}

std::string SettingsTable(const ordered_json& config) {
  std::string rows;
  const ordered_json flat = config.flatten();  // "/settings/depth"
  for (const auto& [path, value] : flat.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : ToText(value);
    absl::StrAppend(&rows, "<tr><td>", Escaped(path.substr(path.empty() ? 0 : 1)), "</td><td>", Escaped(text),
                    "</td></tr>\n");
  }
  return absl::StrCat("<details><summary>Settings, commit and machine</summary><table class=\"fine\">\n", rows,
                      "</table></details>\n");
}

}  // namespace

std::string ReportPage(const ordered_json& config, const std::vector<ordered_json>& epochs,
                       const ordered_json& summary) {
  const ordered_json settings = config.value("settings", ordered_json::object());
  const std::string title = Escaped(absl::StrCat(settings.value("learner", "?"), " on ", settings.value("dataset", "?"),
                                                 ", ", settings.value("network", "?"), ", depth ",
                                                 ToText(settings.value("depth", ordered_json()))));
  const std::vector<double> accuracy = Numbers(summary, "test_accuracy", 100);
  const std::string result =
      accuracy.empty()
          ? ""
          : absl::StrFormat(
                "<p>Test accuracy %s at the last depth, with the weights of epoch %s of %s; %.0f seconds.</p>\n",
                PercentOf(accuracy.back()), Cell(Number(summary, "best_epoch")), Cell(Number(summary, "epochs")),
                Number(summary, "seconds"));
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\"><title>",
      title, "</title>\n<style>", kStyle, "</style></head><body>\n<h1>", title, "</h1>\n", result,
      "<div class=\"plots\">\n",
      ByEpoch(epochs, "Accuracy by epoch", "%", "train_accuracy", "validation_accuracy", 100),
      ByEpoch(epochs, "Loss in training, divergence D(y, p) in validation", "nats", "train_loss",
              "validation_divergence", 1),
      ByDepth(summary, "Test accuracy by depth", "%", "test_accuracy", 100),
      ByDepth(summary, "Test divergence D(y, p) by depth", "nats", "test_divergence", 1), "</div>\n",
      TestTable(summary), SettingsTable(config), "</body></html>\n");
}

absl::Status WriteReportPage(const std::string& folder) {
  std::vector<ordered_json> files;
  for (const char* name : {"/config.json", "/summary.json"}) {
    SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder + name));
    SID_ASSIGN_OR_RETURN(ordered_json json, ParseJson(text));
    files.push_back(std::move(json));
  }
  SID_ASSIGN_OR_RETURN(const std::string metrics, ReadFile(folder + "/metrics.jsonl"));
  std::vector<ordered_json> epochs;
  for (const absl::string_view line : absl::StrSplit(metrics, '\n', absl::SkipEmpty())) {
    absl::StatusOr<ordered_json> json = ParseJson({line.data(), line.size()});
    if (json.ok() && json->is_object() && json->contains("epoch")) epochs.push_back(*std::move(json));
  }
  return WriteFileAtomically(folder + "/report.html", ReportPage(files[0], epochs, files[1]));
}

}  // namespace sid
