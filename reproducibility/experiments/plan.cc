#include "reproducibility/experiments/plan.h"

#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/settings.h"

namespace sid {
namespace {

struct Images {
  double train = 50000, test = 10000;
  double times_cifar = 1;  // an image's time in CIFAR images, by pixels and channels of the first layer's output
};

// CIFAR's sizes stand for those of the sets that are about as large.
Images ImagesOf(const std::string& dataset) {
  if (dataset == "tiny-imagenet") return {.train = 100000, .times_cifar = 4};
  if (dataset == "mnist-mini") return {.train = 8500, .test = 1500, .times_cifar = 0.5};
  return {};
}

}  // namespace

std::vector<std::string> ExperimentNames() {
  std::vector<std::string> names;
  for (const Experiment& experiment : Experiments()) names.push_back(experiment.name);
  return names;
}

absl::StatusOr<std::vector<TrainConfig>> SettingsOf(const std::string& experiment, const Size& size) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("experiment", experiment, ExperimentNames()));
  const std::vector<TrainConfig> own = Experiments()[index].settings();
  std::vector<TrainConfig> settings;
  for (TrainConfig setting : own) {
    if (!size.dataset.empty() && setting.dataset != own.front().dataset) continue;
    if (!size.dataset.empty()) setting.dataset = size.dataset;
    if (size.batch_size > 0) setting.batch_size = size.batch_size;
    setting.train_images = size.train_images;
    setting.epochs = size.epochs;
    setting.data_dir = size.data_dir;
    setting.precision = size.precision;
    setting.device = size.device;
    setting.threads = size.threads;
    settings.push_back(setting);
  }
  return settings;
}

std::vector<double> LearningRatesOf(const TrainConfig& setting) {
  return setting.optimizer == "sgd" ? std::vector{1e-2, 3e-2, 1e-1} : std::vector{3e-4, 1e-3, 3e-3};
}

double EstimatedMinutes(const TrainConfig& run, double images_per_second) {
  const Images size = ImagesOf(run.dataset);
  const auto epochs = static_cast<double>(run.epochs);
  const double images = run.train_images == 0 ? size.train : static_cast<double>(run.train_images);
  // Without a backward pass an image takes a third; the test set is looked at twice, by the trainer and for the theory.
  const double validated = run.validation_fraction;
  const double evaluated = epochs * images * validated + 2 * size.test;
  const double times = size.times_cifar * (run.network == TrainConfig().network ? 1 : 2);
  const double passes = times * (epochs * images * (1 - validated) + evaluated / 3);
  return passes * (1 + static_cast<double>(run.depth) / 400) / (60 * images_per_second);
}

}  // namespace sid
