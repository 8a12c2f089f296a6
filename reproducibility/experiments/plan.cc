#include "reproducibility/experiments/plan.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/settings.h"

namespace sid {
namespace {

struct Size {
  double train_images = 50000, test_images = 10000;
  double times_cifar = 1;  // an image's time in CIFAR images, by pixels and channels of the first layer's output
};

// CIFAR's sizes stand for those of the sets that are about as large.
Size SizeOf(const std::string& dataset) {
  if (dataset == "tiny-imagenet") return {.train_images = 100000, .times_cifar = 4};
  if (dataset == "mnist-mini") return {.train_images = 8500, .test_images = 1500, .times_cifar = 0.5};
  return {};
}

// Around the recipe's rate, which is among them.
std::vector<double> LearningRatesOf(const std::string& optimizer) {
  return optimizer == "sgd" ? std::vector{1e-2, 3e-2, 1e-1} : std::vector{3e-4, 1e-3, 3e-3};
}

std::vector<TrainConfig> SettingsOf(const Experiment& experiment, const ExperimentRequest& request) {
  std::vector<TrainConfig> settings;
  const std::vector<TrainConfig> own = experiment.settings();
  for (TrainConfig setting : own) {
    if (!request.dataset.empty() && setting.dataset != own.front().dataset) continue;
    if (!request.dataset.empty()) setting.dataset = request.dataset;
    settings.push_back(setting);
    if (!(request.tuned && experiment.compares_learners)) continue;
    settings.pop_back();
    for (const double learning_rate : LearningRatesOf(setting.optimizer)) {
      settings.push_back(setting);
      settings.back().learning_rate = learning_rate;
    }
  }
  return settings;
}

std::vector<TrainConfig> RunsAt(const Scale& scale, const std::vector<TrainConfig>& settings,
                                const ExperimentRequest& request) {
  std::vector<TrainConfig> runs;
  for (int64_t seed = 1; seed <= scale.seeds; ++seed) {
    for (TrainConfig config : settings) {
      config.data_dir = request.data_dir;
      config.device = request.device;
      config.threads = request.threads;
      config.precision = request.precision;
      config.train_images = scale.train_images;
      config.epochs = scale.epochs;
      if (scale.batch_size > 0) config.batch_size = scale.batch_size;
      config.seed = static_cast<uint64_t>(seed);
      runs.push_back(std::move(config));
    }
  }
  return runs;
}

Plan PlanAt(const Scale& scale, const std::vector<TrainConfig>& settings, const ExperimentRequest& request) {
  Plan plan{.scale = scale, .runs = RunsAt(scale, settings, request)};
  for (const TrainConfig& run : plan.runs) plan.minutes += EstimatedMinutes(run, request.images_per_second);
  return plan;
}

absl::Status CheckNumbers(const ExperimentRequest& request) {
  if (!(request.budget_minutes >= 0 && std::isfinite(request.budget_minutes))) {
    return absl::InvalidArgumentError(
        absl::StrCat("--budget=", request.budget_minutes, " is out of range: it is in minutes, 0 for the full size"));
  }
  if (!(request.images_per_second > 0 && std::isfinite(request.images_per_second))) {
    return absl::InvalidArgumentError(
        absl::StrCat("--images_per_second=", request.images_per_second, " is out of range: it must be above 0"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ExperimentNames() {
  std::vector<std::string> names;
  for (const Experiment& experiment : Experiments()) names.push_back(experiment.name);
  return names;
}

// Epochs and seeds go first: what a longer run and a further seed add falls off, while a network that has seen few images
// tells little about one that has seen many. Below 10,000 images batches are smaller too, for there to be enough steps.
const std::vector<Scale>& Scales() {
  static const auto* const kScales =
      new std::vector<Scale>{{0, 100, 5},      {0, 50, 5},       {0, 20, 3},       {0, 10, 2},       {20000, 10, 2},
                             {10000, 10, 2},   {10000, 6, 3},    {10000, 6, 2},    {5000, 6, 3, 32}, {10000, 6, 1},
                             {5000, 6, 1, 32}, {2500, 4, 1, 32}, {1000, 3, 1, 32}, {500, 1, 1, 32}};
  return *kScales;
}

double EstimatedMinutes(const TrainConfig& run, double images_per_second) {
  const Size size = SizeOf(run.dataset);
  const auto epochs = static_cast<double>(run.epochs);
  const double images = run.train_images == 0 ? size.train_images : static_cast<double>(run.train_images);
  // Without a backward pass an image takes a third; the test set is looked at twice, by the trainer and for the theory.
  const double validated = run.validation_fraction;
  const double evaluated = epochs * images * validated + 2 * size.test_images;
  const double passes = size.times_cifar * (epochs * images * (1 - validated) + evaluated / 3);
  return passes * (1 + static_cast<double>(run.depth) / 400) / (60 * images_per_second);
}

absl::StatusOr<Plan> MakePlan(const ExperimentRequest& request) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("experiment", request.name, ExperimentNames()));
  SID_RETURN_IF_ERROR(CheckNumbers(request));
  const std::vector<TrainConfig> settings = SettingsOf(Experiments()[index], request);
  if (request.scale) return PlanAt(*request.scale, settings, request);
  Plan plan;
  for (const Scale& scale : Scales()) {
    plan = PlanAt(scale, settings, request);
    if (request.budget_minutes == 0 || plan.minutes <= request.budget_minutes) return plan;
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("a budget of %g minutes is too small for '%s': its smallest scale takes about %.0f on a machine "
                      "that trains on %g images a second",
                      request.budget_minutes, request.name, std::ceil(plan.minutes), request.images_per_second));
}

}  // namespace sid
