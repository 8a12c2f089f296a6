#pragma once

// The experiments on the paper's claims, each as the settings that it compares, with one seed, at the size that is asked for. Which claim
// reads which experiment stands in claims.json.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/config.h"

namespace sid {

// What is not a matter of an experiment's settings.
struct Size {
  std::string dataset;  // instead of all of the experiment's own, of which it stands in for the first; empty for those
  int64_t train_images = 0;  // 0 for all
  int64_t epochs = 0;        // 0 for 50
  int64_t batch_size = 0;    // 0 for the recipe's: so few images make too few steps of that
  std::string data_dir, precision = TrainConfig().precision, device = "auto";
  int64_t threads = 0;
};

std::vector<std::string> ExperimentNames();

// "sid L=8 seed 1", with the network where it is another one than the paper's and with what else is not the default, but for what all runs
// have: "sid on vgg11 L=2 seed 1 alpha=0.9 partition=even".
std::string TitleOf(const TrainConfig& config);

// UnknownName for an experiment that there is not.
absl::StatusOr<std::vector<TrainConfig>> SettingsOf(const std::string& experiment, const Size& size);

// What a learner's rate is chosen from: around the recipe's, which is among them.
std::vector<double> LearningRatesOf(const TrainConfig& setting);

}  // namespace sid
