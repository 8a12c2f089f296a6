#include "reproducibility/report/report.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

std::string CommandOf(const std::string& claims, const std::string& options) {
  return absl::StrCat("./tools/bazel run //:reproduce -- --claims=", claims, options, " --out=OUT");
}

absl::StatusOr<ordered_json> ClaimJson(const Claim& claim, const ReportInput& input) {
  SID_ASSIGN_OR_RETURN(const Judgement judgement, Judge(claim, input.evidence));
  ordered_json json;
  for (const char* key : {"id", "kind", "statement", "source", "figure"}) json[key] = claim.text.at(key);
  json.update({{"experiment", claim.experiment},
               {"seeds_needed", claim.seeds},
               {"tolerance", claim.text.value("tolerance", "")},
               {"rule", claim.text.value("rule", ordered_json())},
               {"rule_sha256", claim.hash},
               {"answered_by", claim.answered_by},
               {"seconds", Seconds(input.evidence, claim.experiment)},
               {"command", CommandOf(claim.id, input.options)}});
  json.update(ToJson(judgement));
  return json;
}

// Of the runs: which program and machines made them.
void AddOrigin(const AllEvidence& all, ordered_json* report) {
  std::set<std::string> commits, versions;
  ordered_json machine = ordered_json::object();
  for (const auto& [name, evidence] : all.experiments) {
    for (const FinishedRun& run : evidence.runs) {
      commits.insert(run.result.value("commit", "unknown"));
      versions.insert(run.result.value("version", "unknown"));
      if (machine.empty() && run.result.contains("machine")) machine = run.result.at("machine");
    }
  }
  (*report)["commit"] = absl::StrJoin(commits, ", ");
  (*report)["version"] = absl::StrJoin(versions, ", ");
  (*report)["machine"] = machine;
}

// In the order of the claims, those that have something to say.
std::vector<std::string> ExperimentsOf(const ReportInput& input) {
  std::vector<std::string> names;
  for (const Claim& claim : input.registry.claims) {
    const bool has =
        input.evidence.experiments.count(claim.experiment) + input.evidence.not_run.count(claim.experiment) > 0;
    if (has && std::count(names.begin(), names.end(), claim.experiment) == 0) names.push_back(claim.experiment);
  }
  return names;
}

}  // namespace

absl::StatusOr<ordered_json> MakeReport(const ReportInput& input) {
  ordered_json report = {{"schema", kReportSchema},
                         {"paper", input.registry.paper},
                         {"command", CommandOf(input.selection, input.options)},
                         {"selection", input.selection},
                         {"options", input.options},
                         {"stand_in", ""}};
  AddOrigin(input.evidence, &report);
  ordered_json claims = ordered_json::array(), experiments = ordered_json::array();
  ordered_json summary = {{"PASS", 0}, {"FAIL", 0}, {"INCONCLUSIVE", 0}, {"NOT RUN", 0}, {"BY CONSTRUCTION", 0}};
  for (const Claim& claim : input.registry.claims) {
    SID_ASSIGN_OR_RETURN(ordered_json json, ClaimJson(claim, input));
    const auto verdict = json.at("verdict").get<std::string>();
    if (claim.answered_by.empty()) summary[verdict] = summary.value(verdict, 0) + 1;
    claims.push_back(std::move(json));
  }
  for (const std::string& name : ExperimentsOf(input)) {
    experiments.push_back(ExperimentSection(name, input.evidence));
    if (!experiments.back()["stand_in"].get<std::string>().empty()) report["stand_in"] = experiments.back()["stand_in"];
  }
  report["summary"] = summary;
  report["claims"] = claims;
  report["experiments"] = experiments;
  report["benches"] = ordered_json::array();
  for (const auto& [file, bench] : input.evidence.benches) report["benches"].push_back(file);
  report["deviations"] = input.registry.deviations;
  return report;
}

}  // namespace sid
