#include "reproducibility/reproduce.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/files.h"
#include "base/names.h"
#include "base/status.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"
#include "reproducibility/verdict/judge.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr char kStandIn[] = "mnist-mini";
constexpr Scale kQuick = {.train_images = 1000, .epochs = 2, .seeds = 3, .batch_size = 32};
constexpr char kNotQuick[] = "very-deep";

// Of a budget that is a time; 0 for the others. UnknownName for what is no budget.
absl::StatusOr<double> MinutesOf(const std::string& budget) {
  double minutes = 0;
  if (absl::SimpleAtod(budget, &minutes) && std::isfinite(minutes) && minutes > 0) return minutes;
  SID_RETURN_IF_ERROR(FindName("budget", budget, {"quick", "hour", "full", "a number of minutes"}).status());
  return budget == "hour" ? 60 : 0;
}

// One experiment's runs, and how long they should take.
struct Work {
  std::string name;
  Plan plan;
  std::string not_run;  // why, or why not all
};

ExperimentRequest RequestOf(const std::string& name, const std::optional<Scale>& scale,
                            const ReproduceRequest& request) {
  ExperimentRequest experiment{.name = name,
                               .data_dir = request.data_dir,
                               .scale = scale,
                               .images_per_second = request.images_per_second,
                               .precision = request.precision,
                               .device = request.device,
                               .threads = request.threads};
  if (request.budget == "quick") experiment.dataset = kStandIn;
  experiment.tuned = request.budget == "full";
  return experiment;
}

// In the order of the registry, each once.
std::vector<std::string> ExperimentsOf(const std::vector<Claim>& claims) {
  std::vector<std::string> names;
  for (const Claim& claim : claims) {
    const bool known = std::count(names.begin(), names.end(), claim.experiment) > 0;
    if (claim.rule && claim.rule->kind != RuleKind::kBench && !known) names.push_back(claim.experiment);
  }
  return names;
}

// Minutes by the name of a run: what experiments share is there once.
absl::StatusOr<std::map<std::string, double>> DistinctRuns(const std::vector<std::string>& names, const Scale& scale,
                                                           const ReproduceRequest& request) {
  std::map<std::string, double> runs;
  for (const std::string& name : names) {
    SID_ASSIGN_OR_RETURN(const Plan plan, MakePlan(RequestOf(name, scale, request)));
    for (const TrainConfig& run : plan.runs) runs[ResultName(run)] = EstimatedMinutes(run, request.images_per_second);
  }
  return runs;
}

absl::StatusOr<std::optional<Scale>> ChooseScale(const std::vector<std::string>& names,
                                                 const ReproduceRequest& request) {
  SID_ASSIGN_OR_RETURN(const double minutes, MinutesOf(request.budget));
  if (request.budget == "quick") return request.scale.value_or(kQuick);
  if (minutes == 0) return std::nullopt;
  double sum = 0;
  for (const Scale& scale : Scales()) {
    SID_ASSIGN_OR_RETURN(const auto runs, DistinctRuns(names, scale, request));
    sum = 0;
    for (const auto& [name, estimate] : runs) sum += estimate;
    if (sum <= minutes) return scale;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("--budget=%s is too small for the experiments of %s claims: at the smallest scale they take "
                      "about %.0f minutes on "
                      "a machine that trains on %g images a second",
                      request.budget, request.claims, std::ceil(sum), request.images_per_second));
}

absl::StatusOr<Work> MakeWork(const std::string& name, const std::optional<Scale>& scale,
                              const ReproduceRequest& request) {
  Work work{.name = name};
  if (request.budget == "quick" && name == kNotQuick) {
    work.not_run = "a quick run leaves it out: 128 modules and more, hardly trained, show nothing";
  } else if (request.budget != "quick" && request.data_dir.empty()) {
    work.not_run = "its data sets are not here: --data_dir=DIR names their folder, and //data:fetch downloads them";
  } else {
    SID_ASSIGN_OR_RETURN(work.plan, MakePlan(RequestOf(name, scale, request)));
  }
  return work;
}

absl::StatusOr<std::vector<Work>> MakeAllWork(const std::vector<Claim>& claims, const ReproduceRequest& request) {
  const std::vector<std::string> names = ExperimentsOf(claims);
  SID_ASSIGN_OR_RETURN(const std::optional<Scale> scale, ChooseScale(names, request));
  std::vector<Work> all;
  for (const std::string& name : names) {
    SID_ASSIGN_OR_RETURN(Work work, MakeWork(name, scale, request));
    all.push_back(std::move(work));
  }
  return all;
}

// Counts runs and guesses the time left: what the plans estimate for the runs to come, at the pace of those that were run.
class Meter {
 public:
  Meter(const std::vector<Work>& all, const std::string& folder, double images_per_second, const ReproduceHooks& hooks)
      : hooks_(hooks) {
    for (const Work& work : all) {
      progress_.all += work.plan.runs.size();
      for (const TrainConfig& run : work.plan.runs) {
        const std::string name = ResultName(run);
        if (!std::filesystem::exists(absl::StrCat(folder, "/", name)))
          to_come_[name] = 60 * EstimatedMinutes(run, images_per_second);
      }
    }
  }

  void Begin(const Work& work, const TrainConfig& run) {
    begin_ = hooks_.clock();
    Tell(work, absl::StrFormat("%s L=%d seed %d", run.learner, run.depth, run.seed), /*ended=*/false, /*kept=*/false);
  }

  void End(const Work& work, const TrainConfig& run, const ordered_json& result, bool kept) {
    ++progress_.done;
    if (const auto estimate = to_come_.find(ResultName(run)); !kept && estimate != to_come_.end()) {
      estimated_ += estimate->second;
      spent_ += hooks_.clock() - begin_;
      to_come_.erase(estimate);
    }
    Tell(work,
         absl::StrFormat("%s L=%d seed %d: %s", run.learner, run.depth, run.seed,
                         result.contains("failed")
                             ? "failed"
                             : absl::StrFormat("%.2f %%", 100 * result.at("test").at("accuracy").back().get<double>())),
         /*ended=*/true, kept);
  }

 private:
  void Tell(const Work& work, const std::string& what, bool ended, bool kept) {
    progress_.experiment = work.name;
    progress_.what = what;
    progress_.ended = ended;
    progress_.kept = kept;
    double left = 0;
    for (const auto& [name, estimate] : to_come_) left += estimate;
    progress_.seconds_left = left * (estimated_ > 0 ? spent_ / estimated_ : 1);
    hooks_.on_progress(progress_);
  }

  const ReproduceHooks& hooks_;
  ReproduceProgress progress_;
  std::map<std::string, double> to_come_;         // a run, which experiments may share, once: seconds by estimate
  double estimated_ = 0, spent_ = 0, begin_ = 0;  // seconds
};

// A plan a data set: one that is not there keeps no other from being run.
std::vector<Plan> ByDataset(const Plan& plan) {
  std::vector<std::string> names;
  std::map<std::string, Plan> plans;
  for (const TrainConfig& run : plan.runs) {
    if (plans.count(run.dataset) == 0) names.push_back(run.dataset);
    plans[run.dataset].runs.push_back(run);
  }
  std::vector<Plan> list;
  for (const std::string& name : names) list.push_back(plans[name]);
  return list;
}

bool DataAreMissing(const absl::Status& status) { return absl::IsInvalidArgument(status) || absl::IsNotFound(status); }

absl::Status RunWork(const std::string& folder, const ordered_json& rules, const ReproduceHooks& hooks, Meter& meter,
                     Work* work, Evidence* evidence) {
  for (const Plan& plan : ByDataset(work->plan)) {
    ExperimentHooks experiment{.clock = hooks.clock};
    experiment.rules = rules;
    experiment.on_begin = [&](size_t index) { meter.Begin(*work, plan.runs[index]); };
    experiment.on_end = [&](size_t index, const ordered_json& result, bool kept) {
      meter.End(*work, plan.runs[index], result, kept);
      evidence->runs.push_back({ResultName(plan.runs[index]), result});
    };
    const absl::Status status = RunPlan(plan, folder, experiment);
    if (DataAreMissing(status)) {
      absl::StrAppend(&work->not_run, work->not_run.empty() ? "" : "; ", std::string(status.message()));
      continue;
    }
    SID_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

ordered_json RulesOf(const Registry& registry) {
  ordered_json rules = ordered_json::object();
  for (const Claim& claim : registry.claims) {
    if (claim.rule) rules[claim.id] = claim.hash;
  }
  return rules;
}

// What of the request decides which runs these are, beside claims and budget.
std::string OptionsOf(const ReproduceRequest& request) {
  const ReproduceRequest defaults;
  std::string options;
  if (request.precision != defaults.precision) absl::StrAppend(&options, " --precision=", request.precision);
  if (request.images_per_second != defaults.images_per_second) {
    absl::StrAppend(&options, " --images_per_second=", request.images_per_second);
  }
  return options;
}

// A benchmark that was given is kept beside the runs, as evidence.
absl::StatusOr<ordered_json> BenchOf(const ReproduceRequest& request) {
  const std::string kept = request.out + "/bench.json";
  const std::string path = request.bench.empty() ? kept : request.bench;
  if (request.bench.empty() && !std::filesystem::exists(kept)) return ordered_json(nullptr);
  SID_ASSIGN_OR_RETURN(ordered_json bench, ReadBench(path));
  if (path != kept) SID_RETURN_IF_ERROR(WriteFileAtomically(kept, bench.dump(1) + "\n"));
  return bench;
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
  SID_RETURN_IF_ERROR(MinutesOf(request.budget).status());
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
  SID_ASSIGN_OR_RETURN(input.evidence.bench, BenchOf(request));
  Meter meter(all, folder, request.images_per_second, hooks);
  for (Work& work : all) {
    Evidence evidence{.stand_in = request.budget == "quick" ? kStandIn : ""};
    SID_RETURN_IF_ERROR(RunWork(folder, RulesOf(registry), hooks, meter, &work, &evidence));
    input.evidence.experiments[work.name] = std::move(evidence);
    if (!work.not_run.empty()) {
      // No path of this machine in a report.
      const std::string folder_of_data = request.data_dir.empty() ? "DIR" : request.data_dir;
      input.evidence.not_run[work.name] = absl::StrReplaceAll(work.not_run, {{folder_of_data, "DIR"}});
    }
    input.experiments.push_back({work.name, work.plan.scale});
  }
  SID_ASSIGN_OR_RETURN(const ordered_json report, MakeReport(input));
  SID_RETURN_IF_ERROR(WriteFileAtomically(request.out + "/report.json", report.dump(1) + "\n"));
  WarnOfChangedRules(report, hooks);
  return report;
}

}  // namespace sid
