#include "reproducibility/reproduce.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
#include "third_party/logging/logging.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

bool DataAreMissing(const absl::Status& status) { return absl::IsInvalidArgument(status) || absl::IsNotFound(status); }

// A step that is not done, and why.
struct Left {
  const Step* step;
  absl::Status why;
};

// Runs a plan's steps, and what they say so far. `how` says how each is run.
class Runner {
 public:
  Runner(const std::vector<Claim>& claims, const ReproduceRequest& request, const RunOptions& how,
         const ReproduceHooks& hooks)
      : claims_(claims), request_(request), how_(how), hooks_(hooks) {}

  absl::Status Run(const Plan& plan, AllEvidence* all) {
    progress_.all = plan.steps.size();
    all->not_run = plan.left_out;
    std::vector<Left> left;
    for (const Step& step : plan.steps) left.push_back({&step, absl::OkStatus()});
    for (bool told = false;; told = true) {
      SID_ASSIGN_OR_RETURN(left, Pass(left, all));
      const auto elsewhere = [](const Left& one) { return absl::IsUnavailable(one.why); };
      if (std::none_of(left.begin(), left.end(), elsewhere)) break;
      if (!told) LOG(WARNING) << "other processes are at work on runs of this one: waits for them";
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    for (const Left& one : left) Miss(one, all);
    return absl::OkStatus();
  }

 private:
  // Returns what is left. As long as other processes are at work, all of it is tried again: a rate may be chosen from what they do.
  absl::StatusOr<std::vector<Left>> Pass(const std::vector<Left>& steps, AllEvidence* all) {
    std::vector<Left> left;
    for (size_t i = 0; i < steps.size(); ++i) {
      ++progress_.done;
      const Step& step = *steps[i].step;
      const absl::Status status = IsWanted(step) ? RunStep(step, all) : absl::OkStatus();
      if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || DataAreMissing(status)) {
        left.push_back({&step, status});
      } else {
        SID_RETURN_IF_ERROR(status);
      }
      Tell(steps, i + 1);
    }
    progress_.done -= left.size();
    return left;
  }

  bool IsWanted(const Step& step) const {
    return step.claims.empty() || std::any_of(step.claims.begin(), step.claims.end(),
                                              [&](size_t claim) { return decided_.count(claim) == 0; });
  }

  // RunOrRead's errors.
  absl::Status RunStep(const Step& step, AllEvidence* all) {
    const std::string folder = request_.out + "/runs";
    SID_ASSIGN_OR_RETURN(const TrainConfig config, AtItsRate(step, folder));
    SID_ASSIGN_OR_RETURN(const FinishedOrKept run, RunOrRead(config, folder, how_));
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

  // Of a run that has ended just now; steps from `next` on are left.
  void Tell(const std::vector<Left>& steps, size_t next) {
    if (progress_.what.empty()) return;
    std::vector<const TrainConfig*> configs;
    for (; next < steps.size(); ++next) configs.push_back(&steps[next].step->config);
    if (how_.pace != nullptr)
      progress_.minutes_left = how_.pace->SecondsOf(configs) / 60 / static_cast<double>(1 + OthersAtWork());
    hooks_.on_progress(progress_);
    progress_.what.clear();
  }

  // Runs of other processes, which take their share of what is left.
  int64_t OthersAtWork() const {
    return std::count_if(std::filesystem::directory_iterator(request_.out + "/runs"), {},
                         [](const auto& entry) { return entry.path().extension() == kRunning; });
  }

  // Each reason once, without a path of this machine; not of a step whose rate cannot be chosen, as what it is chosen from says why.
  void Miss(const Left& left, AllEvidence* all) {
    if (left.step->at_chosen_rate && DataAreMissing(left.why)) return;
    const std::string folder = request_.size.data_dir.empty() ? "DIR" : request_.size.data_dir;
    const std::string reason = absl::StrReplaceAll(left.why.message(), {{folder, "DIR"}, {request_.out, "OUT"}});
    std::set<std::string> experiments{left.step->experiment};
    for (const size_t claim : left.step->claims) experiments.insert(claims_[claim].experiment);
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
  std::string command = bench["environment"].value("command", "");
  absl::StrReplaceAll({{folder, "OUT"}, {std::filesystem::path(from).parent_path().string(), "OUT"}}, &command);
  bench["environment"]["command"] = command;
  if (!bench.contains("rules")) bench["rules"] = rules;
  SID_RETURN_IF_ERROR(WriteFileAtomically(absl::StrCat(folder, "/", file), ToText(bench, 1) + "\n"));
  return bench;
}

// The benchmarks that were given, the one that is there, or one that is measured now; none where no claim asks.
absl::Status AddBenches(const ReproduceRequest& request, const std::vector<Claim>& claims, const ordered_json& rules,
                        const ReproduceHooks& hooks, AllEvidence* evidence) {
  std::vector<std::string> given = absl::StrSplit(request.bench, ',', absl::SkipEmpty());
  const bool asked = std::any_of(claims.begin(), claims.end(),
                                 [](const Claim& claim) { return claim.rule && claim.rule->IsOfBench(); });
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

// Runs what is missing, after the benchmarks where a report will want them: what there is to judge then.
absl::StatusOr<ReportInput> Gather(const Registry& registry, const ReproduceRequest& request,
                                   const ReproduceHooks& hooks, bool for_report) {
  ReportInput input{registry, request.claims, OptionsOf(request), {}};
  std::vector<Claim>& claims = input.registry.claims;
  SID_ASSIGN_OR_RETURN(claims, SelectClaims(registry, request.claims));
  SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(claims, request));
  SID_RETURN_IF_ERROR(EnsureWritableFolder(request.out + "/runs"));
  const ordered_json rules = RulesOf(registry);
  if (for_report) SID_RETURN_IF_ERROR(AddBenches(request, claims, rules, hooks, &input.evidence));
  const RunOptions how{.clock = hooks.clock, .rules = rules, .pace = hooks.pace};
  SID_RETURN_IF_ERROR(Runner(claims, request, how, hooks).Run(plan, &input.evidence));
  return input;
}

absl::StatusOr<ordered_json> WriteReport(const ReportInput& input, const std::string& folder) {
  SID_ASSIGN_OR_RETURN(ordered_json report, MakeReport(input));
  SID_RETURN_IF_ERROR(WriteFileAtomically(folder + "/report.json", ToText(report, 1) + "\n"));
  return report;
}

}  // namespace

absl::StatusOr<ordered_json> Reproduce(const Registry& registry, const ReproduceRequest& request,
                                       const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const ReportInput input, Gather(registry, request, hooks, /*for_report=*/true));
  return WriteReport(input, request.out);
}

absl::StatusOr<std::map<std::string, std::string>> RunMissing(const Registry& registry, const ReproduceRequest& request,
                                                              const ReproduceHooks& hooks) {
  SID_ASSIGN_OR_RETURN(const ReportInput input, Gather(registry, request, hooks, /*for_report=*/false));
  return input.evidence.not_run;
}

absl::StatusOr<ordered_json> JudgeAgain(const Registry& registry, const std::string& folder) {
  SID_ASSIGN_OR_RETURN(const ReportInput input, ReadReportInput(folder, registry));
  return WriteReport(input, folder);
}

}  // namespace sid
