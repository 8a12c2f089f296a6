#include "reproducibility/reproduce.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/files.h"
#include "base/json/write.h"
#include "base/status.h"
#include "bench/results/read.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/parse_result.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"
#include "reproducibility/verdict/checks.h"
#include "reproducibility/verdict/judge.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// A plan a data set: one that is not there keeps no other from being run.
std::vector<Plan> ByDataset(const Plan& plan) {
  std::vector<std::string> names;
  std::map<std::string, Plan> plans;
  for (const TrainConfig& run : plan.runs) {
    if (plans.count(run.dataset) == 0) names.push_back(run.dataset);
    plans[run.dataset].runs.push_back(run);
  }
  std::vector<Plan> list;
  list.reserve(names.size());
  for (const std::string& name : names) list.push_back(plans[name]);
  return list;
}

std::string Describe(const std::string& experiment, const TrainConfig& run, const ordered_json& result) {
  const std::string outcome =
      result.contains("failed")
          ? "failed"
          : absl::StrFormat("%.2f %%", 100 * result.at("test").at("accuracy").back().get<double>());
  return absl::StrFormat("%s: %s L=%d seed %d: %s", experiment, run.learner, run.depth, run.seed, outcome);
}

bool DataAreMissing(const absl::Status& status) { return absl::IsInvalidArgument(status) || absl::IsNotFound(status); }

void AddReason(const std::string& reason, std::string* reasons) {
  absl::StrAppend(reasons, reasons->empty() ? "" : "; ", reason);
}

// `how` says how to run.
absl::Status RunWork(const std::string& folder, const ExperimentHooks& how, const ReproduceHooks& hooks,
                     ReproduceProgress* progress, Work* work, Evidence* evidence) {
  int64_t left_out = 0;
  for (const Plan& plan : ByDataset(work->plan)) {
    ExperimentHooks experiment = how;
    experiment.on_left_out = [&](size_t) {
      ++left_out;
      ++progress->done;
    };
    experiment.on_end = [&](size_t index, const ordered_json& result, bool kept) {
      ++progress->done;
      progress->what = Describe(work->name, plan.runs[index], result);
      progress->kept = kept;
      hooks.on_progress(*progress);
      evidence->runs.push_back({ResultName(plan.runs[index]), result});
    };
    const absl::Status status = RunPlan(plan, folder, experiment);
    if (DataAreMissing(status)) {
      AddReason(std::string(status.message()), &work->not_run);
      continue;
    }
    SID_RETURN_IF_ERROR(status);
  }
  if (left_out > 0) {
    AddReason(absl::StrFormat("%d of its %d runs are not there: the time was up, or others are at work on them",
                              left_out, work->plan.runs.size()),
              &work->not_run);
  }
  return absl::OkStatus();
}

Pace PaceOf(const ReproduceRequest& request, const ReproduceHooks& hooks) {
  const double left = request.seconds > 0 ? request.seconds : std::numeric_limits<double>::infinity();
  return Pace(hooks.clock() + left);
}

size_t CountRuns(const std::vector<Work>& all) {
  size_t count = 0;
  for (const Work& work : all) count += work.plan.runs.size();
  return count;
}

ordered_json RulesOf(const Registry& registry) {
  ordered_json rules = ordered_json::object();
  for (const Claim& claim : registry.claims) {
    if (claim.rule) rules[claim.id] = claim.hash;
  }
  return rules;
}

// A result of //:bench becomes evidence: sealed, under the rules of its day, and without the folder of one machine.
absl::StatusOr<ordered_json> KeepBench(const std::string& from, const ordered_json& rules, const std::string& out) {
  const std::string to = out + "/bench.json";
  SID_ASSIGN_OR_RETURN(ordered_json bench, ReadBench(from));
  ordered_json& environment = bench["environment"];
  if (environment.contains("command")) {
    environment["command"] = absl::StrReplaceAll(environment["command"].get<std::string>(), {{out, "OUT"}});
  }
  bench["rules"] = rules;
  Seal(bench);
  SID_RETURN_IF_ERROR(WriteFileAtomically(to, ToText(bench, 1) + "\n"));
  return bench;
}

// The benchmark that was given, that is there, or that is measured now; null where there is none.
absl::StatusOr<ordered_json> BenchOf(const ReproduceRequest& request, const std::vector<Claim>& claims,
                                     const ordered_json& rules, const ReproduceHooks& hooks) {
  const std::string kept = request.out + "/bench.json";
  if (!request.bench.empty()) return KeepBench(request.bench, rules, request.out);
  if (std::filesystem::exists(kept)) {
    SID_ASSIGN_OR_RETURN(ordered_json bench, ReadBench(kept));
    SID_RETURN_IF_ERROR(CheckSeal(bench, kept));
    return bench;
  }
  const bool asked = std::any_of(claims.begin(), claims.end(),
                                 [](const Claim& claim) { return claim.rule && claim.rule->kind == RuleKind::kBench; });
  if (!asked || !hooks.measure) return ordered_json(nullptr);
  SID_RETURN_IF_ERROR(hooks.measure(request.out + "/bench"));
  return KeepBench(request.out + "/bench/results.json", rules, request.out);
}

void WarnOfChangedRules(const ordered_json& report, const ReproduceHooks& hooks) {
  std::vector<std::string> changed;
  for (const ordered_json& claim : report.at("claims")) {
    if (!claim.at("changed_rules").empty()) changed.push_back(claim.at("id").get<std::string>());
  }
  if (changed.empty()) return;
  hooks.on_warning(absl::StrCat("results were made under other rules than claims.json has now for ",
                                absl::StrJoin(changed, ", "),
                                ": no verdict there; restore the rules, or run again into another --out"));
}

}  // namespace

absl::StatusOr<ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                       const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(std::vector<Work> all, MakeAllWork(claims, request));
  const std::string folder = request.out + "/runs";
  SID_RETURN_IF_ERROR(EnsureWritableFolder(folder));
  ReportInput input{.paper = registry.paper,
                    .budget = request.budget,
                    .selection = request.claims,
                    .options = OptionsOf(request),
                    .deviations = registry.deviations,
                    .claims = claims};
  const ordered_json rules = RulesOf(registry);
  SID_ASSIGN_OR_RETURN(input.evidence.bench, BenchOf(request, claims, rules, hooks));
  const bool checked = std::any_of(claims.begin(), claims.end(), [](const Claim& claim) {
    return claim.rule && claim.rule->kind == RuleKind::kCheck;
  });
  if (checked) input.evidence.checks = RunChecks();
  ReproduceProgress progress{.all = CountRuns(all)};
  Pace pace = PaceOf(request, hooks);
  const ExperimentHooks how{.clock = hooks.clock, .rules = rules, .pace = &pace};
  for (Work& work : all) {
    Evidence evidence{.stand_in = request.budget == "quick" ? kStandIn : ""};
    SID_RETURN_IF_ERROR(RunWork(folder, how, hooks, &progress, &work, &evidence));
    input.evidence.experiments[work.name] = std::move(evidence);
    if (!work.not_run.empty()) {
      // No path of this machine in a report.
      const std::string folder_of_data = request.data_dir.empty() ? "DIR" : request.data_dir;
      input.evidence.not_run[work.name] = absl::StrReplaceAll(work.not_run, {{folder_of_data, "DIR"}});
    }
    input.experiments.push_back({work.name, work.plan.scale});
  }
  SID_ASSIGN_OR_RETURN(const ordered_json report, MakeReport(input));
  SID_RETURN_IF_ERROR(WriteFileAtomically(request.out + "/report.json", ToText(report, 1) + "\n"));
  WarnOfChangedRules(report, hooks);
  return report;
}

absl::Status Check(const Registry& registry, const ReproduceRequest& request) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_RETURN_IF_ERROR(MakeAllWork(claims, request).status());
  return EnsureWritableFolder(request.out + "/runs");
}

absl::Status RunMissing(const Registry& registry, const ReproduceRequest& request, const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(std::vector<Work> all, MakeAllWork(claims, request));
  ReproduceProgress progress{.all = CountRuns(all)};
  Pace pace = PaceOf(request, hooks);
  const ExperimentHooks how{
      .clock = hooks.clock, .rules = RulesOf(registry), .if_locked = IfLocked::kFail, .pace = &pace};
  for (Work& work : all) {
    Evidence evidence;
    SID_RETURN_IF_ERROR(RunWork(request.out + "/runs", how, hooks, &progress, &work, &evidence));
    if (!work.not_run.empty()) hooks.on_warning(absl::StrCat(work.name, ": ", work.not_run));
  }
  return absl::OkStatus();
}

}  // namespace sid
