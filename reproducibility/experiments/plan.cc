#include "reproducibility/experiments/plan.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/names.h"
#include "base/status.h"
#include "sid/network/cascade.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

// From the full size down. Epochs and seeds go first: what a longer run and a further seed add falls off, while a network
// that has seen few images tells little about one that has seen many.
constexpr Scale kScales[] = {{0, 100, 5},   {0, 50, 3},   {0, 20, 3},   {0, 10, 2},   {20000, 10, 2}, {10000, 10, 2},
                             {10000, 6, 1}, {5000, 6, 1}, {2500, 4, 1}, {1000, 3, 1}, {500, 1, 1}};

// CIFAR's sizes, which stand for every set's in the estimate.
constexpr double kTrainImages = 50000, kTestImages = 10000, kValidationFraction = 0.1;

// A modern recipe, the same for every learner; its length is the scale's.
TrainConfig Base(const std::string& dataset, int64_t depth) {
  TrainConfig config{.dataset = dataset, .depth = depth};
  config.batch_size = 128;
  config.learning_rate = 1e-3;
  config.validation_fraction = kValidationFraction;
  return config;
}

std::vector<TrainConfig> Depth() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {4, 8, 16, 32, 64}) {
    for (const char* learner : {"sid", "bp-chain", "bp-deep"}) {
      settings.push_back(Base("cifar100", depth));
      settings.back().learner = learner;
    }
  }
  return settings;
}

std::vector<TrainConfig> Alpha() {
  std::vector<TrainConfig> settings;
  for (const char* alpha : {"0.1", "0.3", "0.5", "0.7", "0.9", "1", "1:0.1", "0.1:1"}) {
    settings.push_back(Base("cifar100", 8));
    settings.back().alpha = alpha;
  }
  return settings;
}

std::vector<TrainConfig> Initialisations() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {8, 32}) {
    for (const std::string& scheme : InitialisationNames()) {
      settings.push_back(Base("cifar100", depth));
      settings.back().initialisation = scheme;
    }
  }
  return settings;
}

std::vector<TrainConfig> LabelNoise() {
  std::vector<TrainConfig> settings;
  for (const double noise : {0.0, 0.2, 0.4}) {
    for (const char* learner : {"sid", "bp-chain", "bp-deep"}) {
      settings.push_back(Base("cifar10", 5));
      settings.back().learner = learner;
      settings.back().label_noise = noise;
    }
  }
  return settings;
}

std::vector<TrainConfig> BeliefUpdates() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {8, 16}) {
    for (const std::string& update : BeliefUpdateNames()) {
      settings.push_back(Base("cifar100", depth));
      settings.back().belief_update = update;
    }
  }
  return settings;
}

std::vector<TrainConfig> VeryDeep() {
  std::vector<TrainConfig> settings;
  for (const int64_t depth : {128, 256, 512, 1024}) settings.push_back(Base("cifar100", depth));
  return settings;
}

struct Experiment {
  std::string name;
  std::vector<TrainConfig> (*settings)();
};

const std::vector<Experiment>& Experiments() {
  static const auto* const kExperiments = new std::vector<Experiment>{{"depth", Depth},
                                                                      {"alpha", Alpha},
                                                                      {"initialisation", Initialisations},
                                                                      {"label-noise", LabelNoise},
                                                                      {"belief-update", BeliefUpdates},
                                                                      {"very-deep", VeryDeep}};
  return *kExperiments;
}

double Minutes(const std::vector<TrainConfig>& settings, const Scale& scale, double images_per_second) {
  const double images = scale.train_images == 0 ? kTrainImages : static_cast<double>(scale.train_images);
  const auto epochs = static_cast<double>(scale.epochs);
  // Without a backward pass an image takes a third; the test set is looked at twice, by the trainer and for the theory.
  const double evaluated = epochs * images * kValidationFraction + 2 * kTestImages;
  const double passes = epochs * images * (1 - kValidationFraction) + evaluated / 3;
  double minutes = 0;
  for (const TrainConfig& setting : settings) {
    minutes += passes * (1 + static_cast<double>(setting.depth) / 400) / (60 * images_per_second);
  }
  return minutes * static_cast<double>(scale.seeds);
}

absl::StatusOr<Scale> ChooseScale(const std::vector<TrainConfig>& settings, const ExperimentRequest& request) {
  for (const Scale& scale : kScales) {
    const bool unlimited = request.budget_minutes == 0;
    if (unlimited || Minutes(settings, scale, request.images_per_second) <= request.budget_minutes) return scale;
  }
  const double least = Minutes(settings, *std::rbegin(kScales), request.images_per_second);
  return absl::InvalidArgumentError(
      absl::StrFormat("a budget of %g minutes is too small for '%s': its smallest scale takes about %.0f on a machine "
                      "that trains on %g images "
                      "a second",
                      request.budget_minutes, request.name, std::ceil(least), request.images_per_second));
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

absl::StatusOr<Plan> MakePlan(const ExperimentRequest& request) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("experiment", request.name, ExperimentNames()));
  SID_RETURN_IF_ERROR(CheckNumbers(request));
  const std::vector<TrainConfig> settings = Experiments()[index].settings();
  Plan plan;
  SID_ASSIGN_OR_RETURN(plan.scale, ChooseScale(settings, request));
  plan.minutes = Minutes(settings, plan.scale, request.images_per_second);
  for (int64_t seed = 1; seed <= plan.scale.seeds; ++seed) {
    for (TrainConfig config : settings) {
      if (!request.dataset.empty()) config.dataset = request.dataset;
      config.data_dir = request.data_dir;
      config.device = request.device;
      config.threads = request.threads;
      config.train_images = plan.scale.train_images;
      config.epochs = plan.scale.epochs;
      config.seed = static_cast<uint64_t>(seed);
      plan.runs.push_back(std::move(config));
    }
  }
  return plan;
}

}  // namespace sid
