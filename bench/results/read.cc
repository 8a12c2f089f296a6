#include "bench/results/read.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/json/document.h"
#include "base/status.h"
#include "bench/results/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// What Reduce writes, as far as it is read. The last two fields are of evidence (reproducibility/).
constexpr DocumentKind kBench{"result of //:bench", kSchema, R"({
    "environment": {
      "?command": "text", "?commit": "text", "?processor": "text", "?threads": "count", "?cores": "count",
      "?device": "text"},
    "settings": {"extractor": "switch"},
    "warnings": ["text"],
    "contenders": [{
      "label": "text", "learner": "text", "precision": "text", "depth": "count", "batch": "count",
      "step_seconds": {"median": "number", "low": "number", "high": "number"},
      "stationary": "switch", "trusted": "switch", "?captured": "switch", "above_bytes": "number",
      "phases": [{"phase": "text", "module": "number", "seconds": {"median": "number"}}]}],
    "measured_speedups": [{
      "of": "text", "over": "text", "trusted": "switch",
      "ratio": {"median": "number", "low": "number", "high": "number"}}],
    "modelled_speedups": [{
      "label": "text", "theoretical": "number", "?critical_path": [{"devices": "count", "speedup": "number"}]}],
    "?modelled_pipelines": [{
      "label": "text", "stages_of": "text", "predicted_seconds": "number",
      "step_seconds": {"median": "number", "low": "number", "high": "number"}}],
    "?rules": {"*": "text"},
    "?sha256": "text"})",
                              "measure again, or take the program that wrote it"};

// That labels are distinct, and that speedups are of contenders.
absl::Status CheckLabels(const ordered_json& bench) {
  std::set<std::string> labels;
  for (const ordered_json& contender : bench.at("contenders")) {
    const auto label = contender.at("label").get<std::string>();
    if (!labels.insert(label).second) return absl::InvalidArgumentError(absl::StrCat("it has '", label, "' twice"));
  }
  const std::pair<const char*, const char*> references[] = {{"measured_speedups", "of"},
                                                            {"measured_speedups", "over"},
                                                            {"modelled_speedups", "label"},
                                                            {"modelled_pipelines", "label"},
                                                            {"modelled_pipelines", "stages_of"}};
  for (const auto& [list, field] : references) {
    for (const ordered_json& speedup : bench.value(list, ordered_json::array())) {
      const ordered_json& label = speedup.at(field);
      if (labels.count(label.get<std::string>()) > 0) continue;
      return absl::InvalidArgumentError(absl::StrCat("a speedup is of ", label.dump(), ", which is no contender"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ordered_json> ParseBench(const std::string& text, const std::string& name) {
  SID_ASSIGN_OR_RETURN(ordered_json bench, ParseDocument(text, name, kBench));
  const absl::Status labels = CheckLabels(bench);
  if (labels.ok()) return bench;
  return Damaged(name, labels.message(), kBench);
}

absl::StatusOr<ordered_json> ReadBench(const std::string& path) {
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseBench(text, path);
}

double PhaseSeconds(const ordered_json& contender, const std::string& name) {
  for (const ordered_json& phase : contender.at("phases")) {
    if (phase.at("phase") == name && phase.at("module") == -1) return phase.at("seconds").at("median").get<double>();
  }
  return 0;
}

}  // namespace sid
