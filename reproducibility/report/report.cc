#include "reproducibility/report/report.h"

#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/files.h"
#include "base/status.h"
#include "reproducibility/seal/seal.h"

namespace sid {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kSchema = 1;

// What a table of settings shows where it varies, in this order.
constexpr const char* kFields[] = {"dataset",        "learner",     "depth",     "alpha",
                                   "initialisation", "divergence",  "smoothing", "extractor_gradient",
                                   "belief_update",  "label_noise", "lr"};

ordered_json Number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

bool Failed(const FinishedRun& run) { return run.result.contains("failed"); }

double Seconds(const Evidence& evidence) {
  double sum = 0;
  for (const FinishedRun& run : evidence.runs) sum += run.result.value("seconds", 0.0);
  return sum;
}

std::vector<std::string> VaryingFields(const Evidence& evidence) {
  std::vector<std::string> varying;
  for (const char* field : kFields) {
    std::set<std::string> values;
    for (const FinishedRun& run : evidence.runs) values.insert(run.result.at("settings").at(field).dump());
    if (values.size() > 1) varying.emplace_back(field);
  }
  return varying;
}

ordered_json RunRow(const FinishedRun& run) {
  ordered_json row = {{"file", run.name},
                      {"accuracy", nullptr},
                      {"validation_accuracy", nullptr},
                      {"best_epoch", nullptr},
                      {"seconds", run.result.value("seconds", 0.0)}};
  if (Failed(run)) return row;
  row["accuracy"] = run.result.at("test").at("accuracy").back();
  row["best_epoch"] = run.result.at("best_epoch");
  const ordered_json& validation = run.result.at("epochs").at(row["best_epoch"].get<size_t>() - 1).at("validation");
  if (!validation.at("accuracy").empty()) row["validation_accuracy"] = validation.at("accuracy").back();
  return row;
}

// One setting's runs over its seeds.
ordered_json AccuracyRow(const std::vector<const FinishedRun*>& runs, const std::vector<std::string>& varying) {
  ordered_json settings = ordered_json::object();
  for (const std::string& field : varying) settings[field] = runs.front()->result.at("settings").at(field);
  std::vector<uint64_t> seeds;
  std::vector<double> last;
  double first = 0;
  for (const FinishedRun* run : runs) {
    if (Failed(*run)) continue;
    seeds.push_back(run->result.at("settings").at("seed").get<uint64_t>());
    last.push_back(run->result.at("test").at("accuracy").back().get<double>());
    first += run->result.at("test").at("accuracy").front().get<double>();
  }
  ordered_json row = {{"settings", settings}, {"values", last},       {"failed", runs.size() - last.size()},
                      {"mean", nullptr},      {"deviation", nullptr}, {"t_interval", {nullptr, nullptr}},
                      {"first_mean", nullptr}};
  if (last.empty()) return row;
  const Comparison summary = Compare("", {true, 0}, seeds, last);
  row["mean"] = summary.mean;
  row["deviation"] = Number(summary.deviation);
  row["t_interval"] = {Number(summary.t.low), Number(summary.t.high)};
  row["first_mean"] = first / static_cast<double>(last.size());
  return row;
}

ordered_json AccuracyRows(const Evidence& evidence, const std::vector<std::string>& varying) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const FinishedRun*>> groups;
  for (const FinishedRun& run : evidence.runs) {
    ordered_json settings = run.result.at("settings");
    settings.erase("seed");
    const std::string key = settings.dump();
    if (groups.count(key) == 0) order.push_back(key);
    groups[key].push_back(&run);
  }
  ordered_json rows = ordered_json::array();
  for (const std::string& key : order) rows.push_back(AccuracyRow(groups[key], varying));
  return rows;
}

ordered_json ExperimentJson(const std::string& name, const Scale& scale, const AllEvidence& all) {
  const Evidence& evidence = all.experiments.at(name);
  const auto not_run = all.not_run.find(name);
  const std::vector<std::string> varying = VaryingFields(evidence);
  std::set<std::string> datasets;
  ordered_json runs = ordered_json::array();
  for (const FinishedRun& run : evidence.runs) {
    datasets.insert(run.result.at("settings").at("dataset").get<std::string>());
    runs.push_back(RunRow(run));
  }
  return {{"name", name},
          {"not_run", not_run == all.not_run.end() ? "" : not_run->second},
          {"stand_in", evidence.stand_in},
          {"datasets", datasets},
          {"scale",
           {{"train_images", scale.train_images},
            {"epochs", scale.epochs},
            {"seeds", scale.seeds},
            {"batch_size", scale.batch_size}}},
          {"seconds", Seconds(evidence)},
          {"varies", varying},
          {"accuracies", AccuracyRows(evidence, varying)},
          {"runs", runs}};
}

std::string CommandOf(const std::string& claims, const ReportInput& input) {
  return absl::StrCat("./tools/bazel run //:reproduce -- --claims=", claims, " --budget=", input.budget,
                      input.budget == "quick" ? "" : " --data_dir=DIR", input.options, " --out=OUT");
}

double SecondsOf(const Claim& claim, const AllEvidence& all) {
  const auto found = all.experiments.find(claim.experiment);
  return found == all.experiments.end() ? 0 : Seconds(found->second);
}

absl::StatusOr<ordered_json> ClaimJson(const Claim& claim, const ReportInput& input) {
  SID_ASSIGN_OR_RETURN(const Judgement judgement, Judge(claim, input.evidence));
  ordered_json json = {{"id", claim.id},
                       {"kind", claim.kind},
                       {"statement", claim.statement},
                       {"source", claim.source},
                       {"figure", claim.figure},
                       {"experiment", claim.experiment},
                       {"seeds_needed", claim.seeds},
                       {"tolerance", claim.tolerance},
                       {"rule", claim.rule_text},
                       {"rule_sha256", claim.hash},
                       {"answered_by", claim.answered_by},
                       {"time", {{"cpu", claim.cpu_time}, {"gpu", claim.gpu_time}}},
                       {"seconds", SecondsOf(claim, input.evidence)},
                       {"command", claim.experiment == "bench"
                                       ? "./tools/bazel run //:bench -- --out=BENCH && "
                                         "./tools/bazel run //:reproduce -- --bench=BENCH/results.json --claims=" +
                                             claim.id + " --out=OUT"
                                       : CommandOf(claim.id, input)}};
  const ordered_json judged = ToJson(judgement);
  for (const auto& [key, value] : judged.items()) json[key] = value;
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

absl::StatusOr<ordered_json> MakeReport(const ReportInput& input) {
  ordered_json report = {
      {"schema", kSchema},      {"paper", input.paper},         {"command", CommandOf(input.selection, input)},
      {"budget", input.budget}, {"selection", input.selection}, {"options", input.options},
      {"stand_in", ""}};
  AddOrigin(input.evidence, &report);
  ordered_json claims = ordered_json::array(), experiments = ordered_json::array();
  ordered_json summary = {{"PASS", 0}, {"FAIL", 0}, {"INCONCLUSIVE", 0}, {"NOT RUN", 0}};
  for (const Claim& claim : input.claims) {
    SID_ASSIGN_OR_RETURN(ordered_json json, ClaimJson(claim, input));
    if (claim.answered_by.empty()) {
      ordered_json& count = summary[json.at("verdict").get<std::string>()];
      count = count.get<int>() + 1;
    }
    claims.push_back(std::move(json));
  }
  for (const auto& [name, scale] : input.experiments) {
    experiments.push_back(ExperimentJson(name, scale, input.evidence));
    if (!experiments.back()["stand_in"].get<std::string>().empty()) report["stand_in"] = experiments.back()["stand_in"];
  }
  report["summary"] = summary;
  report["claims"] = claims;
  report["experiments"] = experiments;
  report["bench"] = input.evidence.bench;
  report["deviations"] = input.deviations;
  return report;
}

absl::StatusOr<ReportInput> ReadReportInput(const std::string& folder, const Registry& registry) {
  SID_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder + "/report.json"));
  const ordered_json report = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object() || report.value("schema", 0) != kSchema) {
    return absl::InvalidArgumentError(absl::StrCat(folder, "/report.json is no report with schema ", kSchema));
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
  if (!report.at("bench").is_null()) {
    SID_ASSIGN_OR_RETURN(input.evidence.bench, ReadBench(folder + "/bench.json"));
  }
  return input;
}

}  // namespace sid
