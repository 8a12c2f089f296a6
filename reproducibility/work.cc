#include "reproducibility/work.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

constexpr Scale kQuick = {.train_images = 600, .epochs = 2, .seeds = 3, .batch_size = 32};
constexpr char kNotQuick[] = "very-deep";

// Of a budget that is a time; 0 for the others. UnknownName for what is no budget.
absl::StatusOr<double> MinutesOf(const std::string& budget) {
  double minutes = 0;
  if (absl::SimpleAtod(budget, &minutes) && std::isfinite(minutes) && minutes > 0) return minutes;
  SID_RETURN_IF_ERROR(FindName("budget", budget, {"quick", "full", "a number of minutes"}).status());
  return 0;
}

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
    const bool of_runs =
        claim.rule && (claim.rule->kind == RuleKind::kContrasts || claim.rule->kind == RuleKind::kEvery);
    if (of_runs && !known) names.push_back(claim.experiment);
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
  return absl::InvalidArgumentError(absl::StrFormat(
      "--budget=%s is too small for the experiments of %s claims: at the smallest scale they take about %.0f minutes "
      "on a machine that trains on %g images a second",
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

}  // namespace

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

std::string OptionsOf(const ReproduceRequest& request) {
  const ReproduceRequest defaults;
  std::string options;
  if (request.precision != defaults.precision) absl::StrAppend(&options, " --precision=", request.precision);
  if (request.images_per_second != defaults.images_per_second) {
    absl::StrAppend(&options, " --images_per_second=", request.images_per_second);
  }
  return options;
}

}  // namespace sid
