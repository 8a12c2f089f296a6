#include "reproducibility/report/report_input.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "reproducibility/seal/seal.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

absl::StatusOr<FinishedRun> ReadRun(const std::string& folder, const std::string& name) {
  const std::string path = absl::StrCat(folder, "/runs/", name);
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  ordered_json result = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  SID_RETURN_IF_ERROR(CheckSeal(result, path));
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
  const ordered_json report = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object() || report.value("schema", 0) != kReportSchema) {
    return absl::InvalidArgumentError(absl::StrCat(folder, "/report.json is no report with schema ", kReportSchema));
  }
  ReportInput input{.paper = registry.paper,
                    .budget = report.at("budget").get<std::string>(),
                    .selection = report.at("selection").get<std::string>(),
                    .options = report.at("options").get<std::string>(),
                    .deviations = registry.deviations};
  SID_ASSIGN_OR_RETURN(input.claims, SelectClaims(registry, input.selection));
  for (const ordered_json& experiment : report.at("experiments")) {
    const auto name = experiment.at("name").get<std::string>(), not_run = experiment.at("not_run").get<std::string>();
    const ordered_json& scale = experiment.at("scale");
    input.experiments.push_back({name,
                                 {scale.at("train_images").get<int64_t>(), scale.at("epochs").get<int64_t>(),
                                  scale.at("seeds").get<int64_t>(), scale.at("batch_size").get<int64_t>()}});
    SID_ASSIGN_OR_RETURN(input.evidence.experiments[name], ReadEvidence(folder, experiment));
    if (!not_run.empty()) input.evidence.not_run[name] = not_run;
  }
  input.evidence.checks = report.value("checks", std::map<std::string, double>());
  if (!report.at("bench").is_null()) {
    SID_ASSIGN_OR_RETURN(input.evidence.bench, ReadBench(folder + "/bench.json"));
    SID_RETURN_IF_ERROR(CheckSeal(input.evidence.bench, folder + "/bench.json"));
  }
  return input;
}

}  // namespace sid
