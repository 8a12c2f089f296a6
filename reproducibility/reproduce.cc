#include "reproducibility/reproduce.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/json/write.h"
#include "base/status.h"
#include "bench/results/read.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"
#include "reproducibility/verdict/judge.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

bool DataAreMissing(const absl::Status& status) { return absl::IsInvalidArgument(status) || absl::IsNotFound(status); }

// Runs a plan's steps, and what they say so far.
class Runner {
 public:
  // Runs that others are at work on are waited for, or left to them.
  Runner(const std::vector<Claim>& claims, const ReproduceRequest& request, const ordered_json& rules,
         const ReproduceHooks& hooks, IfLocked if_locked)
      : claims_(claims),
        request_(request),
        hooks_(hooks),
        pace_(request.seconds > 0 ? hooks.clock() + request.seconds : std::numeric_limits<double>::infinity()),
        how_{hooks.clock, rules, if_locked, &pace_} {}

  absl::Status Run(const Plan& plan, AllEvidence* all) {
    progress_.all = plan.steps.size();
    left_ = plan.Minutes();
    all->not_run = plan.left_out;
    for (const Step& step : plan.steps) {
      ++progress_.done;
      left_ -= EstimatedMinutes(step.config);
      const bool wanted =
          std::any_of(step.claims.begin(), step.claims.end(), [&](size_t claim) { return decided_.count(claim) == 0; });
      if (!wanted) continue;
      const absl::Status status = RunStep(step, all);
      if (!DataAreMissing(status)) SID_RETURN_IF_ERROR(status);
      // Where a rate is chosen by runs that others are still at work on, it is not known yet.
      if (!status.ok() && step.at_chosen_rate) ++left_out_;
      if (!status.ok() && !step.at_chosen_rate) Miss(step, std::string(status.message()), all);
    }
    return absl::OkStatus();
  }

  size_t left_out() const { return left_out_; }
  size_t made() const { return made_; }

 private:
  absl::Status RunStep(const Step& step, AllEvidence* all) {
    const std::string folder = request_.out + "/runs";
    SID_ASSIGN_OR_RETURN(const TrainConfig config, AtItsRate(step, folder));
    const double begin = hooks_.clock();
    SID_ASSIGN_OR_RETURN(const FinishedOrKept run, RunOrRead(config, folder, how_));
    if (run.result.is_null()) {
      ++left_out_;
      Miss(step, "the time was up before some of the runs", all);
      return absl::OkStatus();
    }
    if (!run.kept) ++made_;
    Tell(step, config, run, (hooks_.clock() - begin) / 60);
    for (const size_t claim : step.claims) {
      Evidence& evidence = all->experiments[claims_[claim].experiment];
      evidence.stand_in = request_.size.dataset;
      const bool known = std::any_of(evidence.runs.begin(), evidence.runs.end(),
                                     [&](const FinishedRun& other) { return other.name == ResultName(config); });
      if (!known) evidence.runs.push_back({ResultName(config), run.result});
    }
    for (const size_t claim : step.claims) {
      SID_ASSIGN_OR_RETURN(const Judgement judgement, Judge(claims_[claim], *all));
      if (judgement.verdict == Verdict::kFail) decided_.insert(claim);
    }
    return absl::OkStatus();
  }

  void Tell(const Step& step, const TrainConfig& config, const FinishedOrKept& run, double minutes) {
    if (!run.kept) {
      took_ += minutes;
      estimated_ += EstimatedMinutes(config);
    }
    progress_.kept = run.kept;
    progress_.what = absl::StrCat(claims_[step.claims.front()].experiment, ": ", sid::Describe(config, run.result));
    progress_.minutes_left = estimated_ > 0 ? left_ * took_ / estimated_ : left_;
    hooks_.on_progress(progress_);
  }

  // Each reason once, without a path of this machine.
  void Miss(const Step& step, const std::string& why, AllEvidence* all) {
    const std::string folder = request_.size.data_dir.empty() ? "DIR" : request_.size.data_dir;
    const std::string reason = absl::StrReplaceAll(why, {{folder, "DIR"}, {request_.out, "OUT"}});
    for (const size_t claim : step.claims) {
      std::string& told = all->not_run[claims_[claim].experiment];
      if (!absl::StrContains(told, reason)) absl::StrAppend(&told, told.empty() ? "" : "; ", reason);
    }
  }

  const std::vector<Claim>& claims_;
  const ReproduceRequest& request_;
  const ReproduceHooks& hooks_;
  Pace pace_;
  HowToRun how_;
  size_t left_out_ = 0, made_ = 0;
  ReproduceProgress progress_;
  double left_ = 0, took_ = 0, estimated_ = 0;  // minutes; by the estimate, and of this call's runs
  std::set<size_t> decided_;
};

ordered_json RulesOf(const Registry& registry) {
  ordered_json rules = ordered_json::object();
  for (const Claim& claim : registry.claims) {
    if (claim.rule) rules[claim.id] = claim.hash;
  }
  return rules;
}

// A result of //:bench becomes evidence: under the rules of its day, and without the folder of one machine.
absl::StatusOr<ordered_json> KeepBench(const std::string& from, const ordered_json& rules, const std::string& folder,
                                       const std::string& file) {
  SID_ASSIGN_OR_RETURN(ordered_json bench, ReadBench(from));
  ordered_json& environment = bench["environment"];
  if (environment.contains("command")) {
    environment["command"] = absl::StrReplaceAll(environment["command"].get<std::string>(), {{folder, "OUT"}});
  }
  if (!bench.contains("rules")) bench["rules"] = rules;
  SID_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", file), ToText(bench, 1) + "\n"));
  return bench;
}

// The benchmarks that were given, the one that is there, or one that is measured now; none where no claim asks.
absl::Status AddBenches(const ReproduceRequest& request, const std::vector<Claim>& claims, const ordered_json& rules,
                        const ReproduceHooks& hooks, AllEvidence* evidence) {
  std::vector<std::string> given = absl::StrSplit(request.bench, ',', absl::SkipEmpty());
  const bool asked = std::any_of(claims.begin(), claims.end(),
                                 [](const Claim& claim) { return claim.rule && claim.rule->kind == RuleKind::kBench; });
  const std::string kept = request.out + "/bench.json", measured = request.out + "/bench";
  if (given.empty() && std::filesystem::exists(kept)) given = {kept};
  if (given.empty() && asked && hooks.measure) {
    SID_RETURN_IF_ERROR(hooks.measure(measured));
    given = {measured + "/results.json"};
  }
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string file = i == 0 ? "bench.json" : absl::StrCat("bench-", i + 1, ".json");
    SID_ASSIGN_OR_RETURN(ordered_json bench, KeepBench(given[i], rules, request.out, file));
    evidence->benches.emplace_back(file, std::move(bench));
  }
  return absl::OkStatus();
}

absl::StatusOr<ordered_json> WriteReport(const ReportInput& input, const std::string& folder) {
  SID_ASSIGN_OR_RETURN(ordered_json report, MakeReport(input));
  SID_RETURN_IF_ERROR(WriteFileAtomically(folder + "/report.json", ToText(report, 1) + "\n"));
  return report;
}

}  // namespace

absl::StatusOr<ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                       const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, request));
  SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  if (!plan.steps.empty()) hooks.on_plan(plan);
  ReportInput input{.paper = registry.paper,
                    .selection = request.claims,
                    .options = OptionsOf(request),
                    .deviations = registry.deviations,
                    .claims = claims};
  const ordered_json rules = RulesOf(registry);
  SID_RETURN_IF_ERROR(AddBenches(request, claims, rules, hooks, &input.evidence));
  const bool checked = std::any_of(claims.begin(), claims.end(), [](const Claim& claim) {
    return claim.rule && claim.rule->kind == RuleKind::kCheck;
  });
  if (checked) input.evidence.checks = RunChecks();
  SID_RETURN_IF_ERROR(Runner(claims, request, rules, hooks, IfLocked::kWait).Run(plan, &input.evidence));
  return WriteReport(input, request.out);
}

absl::Status Check(const Registry& registry, const ReproduceRequest& request) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_RETURN_IF_ERROR(MakePlan(claims, request).status());
  return EnsureWritableFolder(request.out + "/runs");
}

// Again as long as it makes any: what waited for others' runs may be possible by then.
absl::StatusOr<size_t> RunMissing(const Registry& registry, const ReproduceRequest& request,
                                  const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, request));
  SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  const ordered_json rules = RulesOf(registry);
  const double begin = hooks.clock();
  ReproduceRequest rest = request;
  for (;;) {
    AllEvidence evidence;
    Runner runner(claims, rest, rules, hooks, IfLocked::kFail);
    SID_RETURN_IF_ERROR(runner.Run(plan, &evidence));
    if (runner.left_out() == 0 || runner.made() == 0) return runner.left_out();
    if (request.seconds > 0) rest.seconds = std::max(1e-3, request.seconds - (hooks.clock() - begin));
  }
}

absl::StatusOr<ordered_json> JudgeAgain(const Registry& registry, const std::string& folder) {
  SID_ASSIGN_OR_RETURN(const ReportInput input, ReadReportInput(folder, registry));
  return WriteReport(input, folder);
}

}  // namespace sid
