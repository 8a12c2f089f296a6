#pragma once

// Experiments as lists of runs, at the scale that a budget allows.
//
//   settings of an experiment (settings.h) --MakePlan(budget)--> runs, the first seed of every setting first
//
// Tuned, each setting that compares learners' accuracies is run at several learning rates, for whoever judges to take each
// learner's best by validation accuracy.
//
// A budget shrinks all runs of an experiment alike, by rungs that are listed in plan.cc: fewer epochs and seeds first, then
// fewer training images. It is a stated rule and not a stop-watch, so the same request means the same runs on every machine,
// and a second call finds what the first one finished:
//
//   minutes of a run = (training images * epochs + a third of every image evaluated) * (1 + L / 400) / images a minute
//
// 1 + L / 400 is what the cascade adds to SimpleCNN's time, measured on two CPU cores at L = 4 and 64.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/config.h"

namespace sid {

// How large the runs of an experiment are.
struct Scale {
  int64_t train_images = 0;  // 0 for all
  int64_t epochs = 0;
  int64_t seeds = 0;       // 1 .. seeds
  int64_t batch_size = 0;  // 0 for the recipe's: so few images make too few steps of that
};

struct ExperimentRequest {
  std::string name;
  // Instead of the experiment's own; empty for that. Of an experiment on several data sets it stands in for the first.
  std::string dataset;
  std::string data_dir;
  double budget_minutes = 0;       // for all runs together; 0 for the full size
  std::optional<Scale> scale;      // instead of one that the budget chooses
  bool tuned = false;              // several learning rates where learners are compared
  double images_per_second = 500;  // of training at small depth; two cores of 2023 train on 500 to 600 of CIFAR's
  std::string precision = TrainConfig().precision;  // of every learner
  std::string device = "auto";
  int64_t threads = 0;
};

struct Plan {
  Scale scale;
  double minutes = 0;             // estimated, of all runs
  std::vector<TrainConfig> runs;  // the first seed of every setting comes first
};

std::vector<std::string> ExperimentNames();

// What a budget chooses from, from the full size down.
const std::vector<Scale>& Scales();

// By the rule above.
double EstimatedMinutes(const TrainConfig& run, double images_per_second);

// InvalidArgument for an unknown name, numbers out of range, and a budget below what the smallest scale needs.
absl::StatusOr<Plan> MakePlan(const ExperimentRequest& request);

}  // namespace sid
