#pragma once

// Experiments as runs: their settings at the size that is asked for, and how long a run takes.
//
//   settings of an experiment (settings.h) --SettingsOf(size)--> one run of each, of the first seed
//
// The estimate is a stated rule and not a stop-watch, so that a plan can be read before anything is run:
//
//   minutes of a run = (training images * epochs + a third of every image evaluated) * (1 + L / 400) / images a minute
//
// 1 + L / 400 is what the cascade adds to SimpleCNN's time, measured on two CPU cores at L = 4 and 64. Other networks are taken to
// need twice that, as ResNet-9 of width 16 does.

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
  int64_t epochs = 50;       // of settings that do not say theirs
  int64_t batch_size = 0;    // 0 for the recipe's: so few images make too few steps of that
  std::string data_dir, precision = TrainConfig().precision, device = "auto";
  int64_t threads = 0;
};

std::vector<std::string> ExperimentNames();

// UnknownName for an experiment that there is not.
absl::StatusOr<std::vector<TrainConfig>> SettingsOf(const std::string& experiment, const Size& size);

// What a learner's rate is chosen from: around the recipe's, which is among them.
std::vector<double> LearningRatesOf(const TrainConfig& setting);

// Of training at small depth two CPU cores of 2023 do 500 to 600 of CIFAR's images a second.
double EstimatedMinutes(const TrainConfig& run, double images_per_second = 500);

}  // namespace sid
