
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/json/document.h"
#include "base/status.h"
#include "bench/results/read.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// report.json, as far as it is read: the rest follows from the runs.
constexpr DocumentKind kReport{"report", kReportSchema, R"({
  "selection": "text",
  "options": "text",
  "benches": ["text"],
  "experiments": [{
    "name": "text", "not_run": "text", "stand_in": "text",
    "runs": [{"file": "text"}]}]})",
                               "make it again"};

// A name out of a file becomes part of a path, so it must be a name and no path.
absl::Status CheckName(const std::string& folder, const std::string& name) {
  if (!name.empty() && name != "." && name != ".." && !absl::StrContains(name, '/')) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(folder, "/report.json names a file '", absl::Utf8SafeCEscape(name),
                                                 "', which is no plain file name: make the report again"));
}

absl::StatusOr<FinishedRun> ReadRun(const std::string& folder, const std::string& name) {
  SID_RETURN_IF_ERROR(CheckName(folder, name));
  const std::string path = absl::StrCat(folder, "/runs/", name);
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SID_ASSIGN_OR_RETURN(ordered_json result, ParseResult(text, path));
  return FinishedRun{name, std::move(result)};
}

absl::StatusOr<Evidence> ReadEvidence(const std::string& folder, const ordered_json& experiment) {
  Evidence evidence{.stand_in = experiment.at("stand_in").get<std::string>()};
  for (const ordered_json& row : experiment.at("runs")) {
    SID_ASSIGN_OR_RETURN(FinishedRun run, ReadRun(folder, row.at("file").get<std::string>()));
    evidence.runs.push_back(std::move(run));
  }
  return evidence;
}

}  // namespace

absl::StatusOr<ReportInput> ReadReportInput(const std::string& folder, const Registry& registry) {
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder + "/report.json"));
  SID_ASSIGN_OR_RETURN(const ordered_json report, ParseDocument(text, folder + "/report.json", kReport));
  ReportInput input{registry, report.at("selection").get<std::string>(), report.at("options").get<std::string>(), {}};
  SID_ASSIGN_OR_RETURN(input.registry.claims, SelectClaims(registry, input.selection));
  for (const ordered_json& experiment : report.at("experiments")) {
    const auto name = experiment.at("name").get<std::string>(), not_run = experiment.at("not_run").get<std::string>();
    SID_ASSIGN_OR_RETURN(input.evidence.experiments[name], ReadEvidence(folder, experiment));
    if (!not_run.empty()) input.evidence.not_run[name] = not_run;
  }
  for (const ordered_json& name : report.at("benches")) {
    const auto file = name.get<std::string>();
    SID_RETURN_IF_ERROR(CheckName(folder, file));
    SID_ASSIGN_OR_RETURN(ordered_json bench, ReadBench(absl::StrCat(folder, "/", file)));
    input.evidence.benches.emplace_back(file, std::move(bench));
  }
  return input;
}

}  // namespace sid
