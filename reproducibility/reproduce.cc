#include "reproducibility/reproduce.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/json/text.h"
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

// Runs a plan's steps, and what they say so far. `how` says how each is run.
class Runner {
 public:
  Runner(const std::vector<Claim>& claims, const ReproduceRequest& request, const RunOptions& how,
         const ReproduceHooks& hooks)
      : claims_(claims), request_(request), how_(how), hooks_(hooks) {}

  absl::Status Run(const Plan& plan, AllEvidence* all) {
    progress_.all = plan.steps.size();
    all->not_run = plan.left_out;
    std::vector<const Step*> steps;
    for (const Step& step : plan.steps) steps.push_back(&step);
    while (!steps.empty()) {
      SID_ASSIGN_OR_RETURN(steps, Pass(steps, all));
      if (!steps.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return absl::OkStatus();
  }

 private:
  // Returns what must wait for other processes: they are at work on it, or perhaps on that which a rate is chosen from.
  absl::StatusOr<std::vector<const Step*>> Pass(const std::vector<const Step*>& steps, AllEvidence* all) {
    std::vector<const Step*> waiting;
    std::vector<std::pair<const Step*, absl::Status>> missed;
    for (size_t i = 0; i < steps.size(); ++i) {
      ++progress_.done;
      const absl::Status status = IsWanted(*steps[i]) ? RunStep(*steps[i], all) : absl::OkStatus();
      if (absl::IsUnavailable(status)) {
        waiting.push_back(steps[i]);
      } else if (DataAreMissing(status) || absl::IsDeadlineExceeded(status)) {
        missed.emplace_back(steps[i], status);
      } else {
        SID_RETURN_IF_ERROR(status);
      }
      Tell({steps.begin() + static_cast<int64_t>(i) + 1, steps.end()});
    }
    const bool again = !waiting.empty();
    for (const auto& [step, status] : missed) {
      if (again) {
        waiting.push_back(step);
      } else if (!(step->at_chosen_rate && DataAreMissing(status))) {
        Miss(*step, std::string(status.message()), all);
      }
    }
    progress_.done -= waiting.size();
    return waiting;
  }

  bool IsWanted(const Step& step) const {
    return step.claims.empty() || std::any_of(step.claims.begin(), step.claims.end(),
                                              [&](size_t claim) { return decided_.count(claim) == 0; });
  }

  // Unavailable where another process is at work on it, DeadlineExceeded where it does not fit into the time.
  absl::Status RunStep(const Step& step, AllEvidence* all) {
    const std::string folder = request_.out + "/runs";
    SID_ASSIGN_OR_RETURN(const TrainConfig config, AtItsRate(step, folder));
    SID_ASSIGN_OR_RETURN(const FinishedOrKept run, RunOrRead(config, folder, how_));
    if (run.elsewhere) return absl::UnavailableError("another process is at work on it");
    if (run.result.is_null()) return absl::DeadlineExceededError("the time was up");
    progress_.kept = run.kept;
    progress_.what = absl::StrCat(step.experiment, ": ", sid::Describe(config, run.result));
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

  // Of a run that has ended just now.
  void Tell(const std::vector<const Step*>& left) {
    if (progress_.what.empty()) return;
    std::vector<const TrainConfig*> configs;
    for (const Step* step : left) configs.push_back(&step->config);
    progress_.minutes_left = how_.pace->SecondsOf(configs) / 60;
    hooks_.on_progress(progress_);
    progress_.what.clear();
  }

  // Each reason once, without a path of this machine.
  void Miss(const Step& step, const std::string& why, AllEvidence* all) {
    const std::string folder = request_.size.data_dir.empty() ? "DIR" : request_.size.data_dir;
    const std::string reason = absl::StrReplaceAll(why, {{folder, "DIR"}, {request_.out, "OUT"}});
    std::set<std::string> experiments{step.experiment};
    for (const size_t claim : step.claims) experiments.insert(claims_[claim].experiment);
    for (const std::string& experiment : experiments) {
      std::string& told = all->not_run[experiment];
      if (!absl::StrContains(told, reason)) absl::StrAppend(&told, told.empty() ? "" : "; ", reason);
    }
  }

  const std::vector<Claim>& claims_;
  const ReproduceRequest& request_;
  const RunOptions& how_;
  const ReproduceHooks& hooks_;
  ReproduceProgress progress_;
  std::set<size_t> decided_;
};

Pace PaceOf(const ReproduceRequest& request, const ReproduceHooks& hooks) {
  const double left = request.seconds > 0 ? request.seconds : std::numeric_limits<double>::infinity();
  return Pace(hooks.seconds_per_image, hooks.clock() + left);
}

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
  Pace pace = PaceOf(request, hooks);
  if (!plan.steps.empty()) hooks.on_plan(plan, &pace);
  ReportInput input{.paper = registry.paper,
                    .selection = request.claims,
                    .options = OptionsOf(request),
                    .deviations = registry.deviations,
                    .claims = claims};
  const ordered_json rules = RulesOf(registry);
  SID_RETURN_IF_ERROR(AddBenches(request, claims, rules, hooks, &input.evidence));
  const RunOptions how{.clock = hooks.clock, .rules = rules, .pace = &pace};
  SID_RETURN_IF_ERROR(Runner(claims, request, how, hooks).Run(plan, &input.evidence));
  return WriteReport(input, request.out);
}

absl::StatusOr<std::map<std::string, std::string>> RunMissing(const Registry& registry, const ReproduceRequest& request,
                                                              const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const std::vector<Claim> claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, request));
  SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  Pace pace = PaceOf(request, hooks);
  const RunOptions how{.clock = hooks.clock, .rules = RulesOf(registry), .if_locked = IfLocked::kFail, .pace = &pace};
  AllEvidence evidence;
  SID_RETURN_IF_ERROR(Runner(claims, request, how, hooks).Run(plan, &evidence));
  return evidence.not_run;
}

absl::StatusOr<ordered_json> JudgeAgain(const Registry& registry, const std::string& folder) {
  SID_ASSIGN_OR_RETURN(const ReportInput input, ReadReportInput(folder, registry));
  return WriteReport(input, folder);
}

}  // namespace sid
