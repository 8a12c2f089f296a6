#include "reproducibility/plan.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/verdict/evidence.h"

namespace sid {
namespace {

constexpr char kNoData[] =
    "its data sets are not here: --data_dir=DIR names their folder, and //data:fetch downloads them";

constexpr int64_t kSeeds = 5;  // of an experiment

bool ReadsRuns(const Claim& claim) { return claim.rule && !claim.rule->IsOfBench(); }

bool IsThere(const Step& step, const std::string& folder) {
  const absl::StatusOr<TrainConfig> config = AtItsRate(step, folder);
  return config.ok() && std::filesystem::exists(absl::StrCat(folder, "/", ResultName(*config)));
}

// Collects steps, each run once.
class Planner {
 public:
  Planner(const std::vector<Claim>& claims, const ReproduceRequest& request) : claims_(claims), request_(request) {}

  absl::StatusOr<Plan> Make() {
    if (!request_.experiment.empty()) return OfExperiment();
    for (size_t claim = 0; claim < claims_.size(); ++claim) {
      if (!ReadsRuns(claims_[claim]) || LeftOut(claims_[claim].experiment)) continue;
      SID_RETURN_IF_ERROR(AddContrasts(claim));
    }
    return std::move(plan_);
  }

 private:
  absl::StatusOr<Plan> OfExperiment() {
    SID_ASSIGN_OR_RETURN(const std::vector<TrainConfig> settings, SettingsOf(request_.experiment, request_.size));
    for (int64_t seed = 1; seed <= (request_.seeds > 0 ? request_.seeds : kSeeds); ++seed) {
      for (TrainConfig config : settings) {
        config.seed = static_cast<uint64_t>(seed);
        plan_.steps.push_back({config, false, request_.experiment, {}});
      }
    }
    return std::move(plan_);
  }

  bool LeftOut(const std::string& experiment) {
    if (std::count(request_.leave_out.begin(), request_.leave_out.end(), experiment) > 0) {
      plan_.left_out[experiment] = "a quick run leaves it out: it takes too long, or shows nothing at this size";
    } else if (request_.size.dataset.empty() && request_.size.data_dir.empty()) {
      plan_.left_out[experiment] = kNoData;
    }
    return plan_.left_out.count(experiment) > 0;
  }

  absl::Status AddContrasts(size_t index) {
    const Claim& claim = claims_[index];
    Size size = request_.size;
    if (size.epochs == 0) size.epochs = claim.rule->needs.epochs;
    SID_ASSIGN_OR_RETURN(const std::vector<TrainConfig> settings, SettingsOf(claim.experiment, size));
    const int64_t seeds = request_.seeds > 0 ? request_.seeds : claim.seeds;
    for (const Contrast& contrast : claim.rule->contrasts) {
      for (int64_t seed = 1; seed <= seeds; ++seed) {
        for (const Term& term : contrast.terms) AddTerm(index, term, seed, settings);
      }
    }
    return absl::OkStatus();
  }

  void AddTerm(size_t index, const Term& term, int64_t seed, const std::vector<TrainConfig>& settings) {
    const Rule& rule = *claims_[index].rule;
    const nlohmann::json filter = FilterOf(rule, term, request_.size.dataset);
    for (TrainConfig config : settings) {
      if (!Fits(ResultSettings(config), filter)) continue;
      config.seed = static_cast<uint64_t>(seed);
      const bool tuned = request_.tune && rule.needs.learning_rates > 1 && !filter.contains("lr");
      if (!tuned || seed > 1) {
        Add(index, config, tuned);
        continue;
      }
      for (const double rate : LearningRatesOf(config)) {
        config.learning_rate = rate;
        Add(index, config, false);
      }
    }
  }

  void Add(size_t claim, const TrainConfig& config, bool at_chosen_rate) {
    const auto [place, is_new] =
        places_.try_emplace(absl::StrCat(ResultName(config), at_chosen_rate ? " chosen" : ""), plan_.steps.size());
    if (is_new) plan_.steps.push_back({config, at_chosen_rate, claims_[claim].experiment, {}});
    std::vector<size_t>& readers = plan_.steps[place->second].claims;
    if (std::count(readers.begin(), readers.end(), claim) == 0) readers.push_back(claim);
  }

  const std::vector<Claim>& claims_;
  const ReproduceRequest& request_;
  std::map<std::string, size_t> places_;
  Plan plan_;
};

}  // namespace

absl::Status ApplyBudget(const std::string& budget, ReproduceRequest* request) {
  if (budget.empty()) return absl::OkStatus();
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("budget", budget, {"quick", "full"}));
  if (index == 1) {
    request->tune = true;
    return absl::OkStatus();
  }
  request->seeds = 2;
  request->size.epochs = 2;
  request->size.dataset = "mnist-mini";
  request->size.train_images = 500;
  request->size.batch_size = 32;
  request->leave_out = {"very-deep", "blocks", "overlap", "architectures", "peers"};
  return absl::OkStatus();
}

std::string OptionsOf(const ReproduceRequest& request) {
  const Size& size = request.size;
  const bool quick = !size.dataset.empty();
  std::string options = quick ? " --budget=quick" : "";
  const auto add = [&](const char* name, int64_t value) {
    if (value > 0 && !quick) absl::StrAppend(&options, " --", name, "=", value);
  };
  add("seeds", request.seeds);
  add("epochs", size.epochs);
  add("train_images", size.train_images);
  add("batch_size", size.batch_size);
  if (request.tune) absl::StrAppend(&options, " --tune");
  if (!quick) absl::StrAppend(&options, " --data_dir=DIR");
  if (size.precision != Size().precision) absl::StrAppend(&options, " --precision=", size.precision);
  return options;
}

absl::StatusOr<Plan> MakePlan(const std::vector<Claim>& claims, const ReproduceRequest& request) {
  return Planner(claims, request).Make();
}

absl::StatusOr<TrainConfig> AtItsRate(const Step& step, const std::string& folder) {
  TrainConfig chosen = step.config;
  if (!step.at_chosen_rate) return chosen;
  TrainConfig first = step.config;
  first.seed = 1;
  double best = -1;
  for (const double rate : LearningRatesOf(first)) {
    first.learning_rate = rate;
    SID_ASSIGN_OR_RETURN(const nlohmann::ordered_json result, ReadResult(folder, first));
    const double accuracy = ValidationAccuracy(result);
    if (accuracy <= best) continue;
    best = accuracy;
    chosen.learning_rate = rate;
  }
  return chosen;
}

std::string Describe(const Plan& plan, const std::vector<Claim>& claims, const std::string& folder, bool each,
                     int64_t jobs, Pace* pace) {
  std::string by_claim, by_run;
  std::vector<double> minutes;
  int64_t there = 0;
  for (const Step& step : plan.steps) {
    const bool is_there = IsThere(step, folder);
    there += is_there;
    minutes.push_back(is_there ? 0 : pace->Seconds(step.config) / 60);
    absl::StrAppendFormat(
        &by_run, "  %s %s, %s%s\n", step.config.dataset, TitleOf(step.config),
        step.at_chosen_rate ? "at the chosen rate" : absl::StrFormat("lr %g", step.config.learning_rate),
        is_there ? ", is there" : "");
  }
  for (size_t index = 0; index < claims.size(); ++index) {
    if (!ReadsRuns(claims[index])) continue;
    int64_t runs = 0;
    double sum = 0;
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      const std::vector<size_t>& readers = plan.steps[i].claims;
      if (std::count(readers.begin(), readers.end(), index) == 0) continue;
      ++runs;
      sum += minutes[i];
    }
    const auto why = plan.left_out.find(claims[index].experiment);
    absl::StrAppendFormat(&by_claim, "  %-4s %4d runs  %8.1f minutes  %s\n", claims[index].id, runs, sum,
                          why == plan.left_out.end() ? "" : why->second);
  }
  return absl::StrFormat(
      "%s%s%d runs, each once, %d of them there, %d at a time, about %.1f minutes by the first steps of each kind\n",
      by_claim, each ? by_run : "", plan.steps.size(), there, jobs,
      std::accumulate(minutes.begin(), minutes.end(), 0.0) / static_cast<double>(jobs));
}

}  // namespace sid
