#include "bench/results/compare.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "bench/results/read.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

struct Step {
  std::string label;
  double median = 0;
  Interval interval;
  bool trusted = true;
};

struct Run {
  std::vector<Step> steps;
  ordered_json environment;
  std::vector<std::string> warnings;
};

absl::StatusOr<Run> Parse(const std::string& text, const std::string& name) {
  SID_ASSIGN_OR_RETURN(const ordered_json bench, ParseBench(text, name));
  Run run{.environment = bench.at("environment"), .warnings = bench.at("warnings")};
  for (const ordered_json& contender : bench.at("contenders")) {
    const ordered_json& seconds = contender.at("step_seconds");
    run.steps.push_back({contender.at("label"),
                         seconds.at("median"),
                         {seconds.at("low"), seconds.at("high")},
                         contender.at("trusted")});
  }
  return run;
}

const Step* Find(const std::vector<Step>& steps, const std::string& label) {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& step) { return step.label == label; });
  return found == steps.end() ? nullptr : &*found;
}

ComparedStep Compare(const Step& old_step, const Step& new_step, double tolerance) {
  ComparedStep compared{
      .label = new_step.label,
      .old_seconds = old_step.median,
      .new_seconds = new_step.median,
      .ratio = {new_step.interval.low / old_step.interval.high, new_step.interval.high / old_step.interval.low}};
  if (compared.ratio.high < 1 - tolerance) compared.change = Change::kFaster;
  if (compared.ratio.low > 1 + tolerance) compared.change = Change::kSlower;
  return compared;
}

void AddCautions(const Run& run, const std::string& name, std::vector<std::string>& cautions) {
  for (const std::string& warning : run.warnings) cautions.push_back(absl::StrCat(name, ": ", warning));
  for (const Step& step : run.steps) {
    if (!step.trusted) cautions.push_back(absl::StrCat(name, ": ", step.label, " was disturbed"));
  }
}

std::vector<std::string> Missing(const std::vector<Step>& steps, const std::vector<Step>& in) {
  std::vector<std::string> labels;
  for (const Step& step : steps) {
    if (Find(in, step.label) == nullptr) labels.push_back(step.label);
  }
  return labels;
}

}  // namespace

absl::StatusOr<RunComparison> CompareRuns(const std::string& old_text, const std::string& old_name,
                                          const std::string& new_text, const std::string& new_name, double tolerance) {
  SID_ASSIGN_OR_RETURN(const Run old_run, Parse(old_text, old_name));
  SID_ASSIGN_OR_RETURN(const Run new_run, Parse(new_text, new_name));
  RunComparison comparison;
  for (const Step& step : new_run.steps) {
    const Step* const before = Find(old_run.steps, step.label);
    if (before != nullptr) comparison.steps.push_back(Compare(*before, step, tolerance));
  }
  if (comparison.steps.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(old_name, " and ", new_name, " have no contender in common: run both with the same flags"));
  }
  comparison.only_old = Missing(old_run.steps, new_run.steps);
  comparison.only_new = Missing(new_run.steps, old_run.steps);
  for (const std::string key : {"processor", "cores", "threads", "device", "gpu"}) {
    const std::string before = old_run.environment.value(key, ordered_json()).dump();
    const std::string after = new_run.environment.value(key, ordered_json()).dump();
    if (before != after) comparison.cautions.push_back(absl::StrCat("another ", key, ": ", before, ", then ", after));
  }
  AddCautions(old_run, old_name, comparison.cautions);
  AddCautions(new_run, new_name, comparison.cautions);
  return comparison;
}

std::string ToMarkdown(const RunComparison& comparison) {
  std::string text = "| step | old, ms | new, ms | new / old | verdict |\n|---|---|---|---|---|\n";
  for (const ComparedStep& step : comparison.steps) {
    const std::string verdict = step.change == Change::kFaster   ? "faster"
                                : step.change == Change::kSlower ? "slower"
                                                                 : "no difference";
    absl::StrAppendFormat(&text, "| %s | %.3f | %.3f | %.3f - %.3f | %s |\n", step.label, 1e3 * step.old_seconds,
                          1e3 * step.new_seconds, step.ratio.low, step.ratio.high, verdict);
  }
  for (const std::string& label : comparison.only_old) absl::StrAppend(&text, "only old: ", label, "\n");
  for (const std::string& label : comparison.only_new) absl::StrAppend(&text, "only new: ", label, "\n");
  for (const std::string& caution : comparison.cautions) absl::StrAppend(&text, "CAUTION: ", caution, "\n");
  return text;
}

}  // namespace sid
