#pragma once

// The experiments on the paper's claims, each as the list of runs that it takes.
//
//   | name           | what varies                                             | on        | claim, question |
//   | depth          | L = 4, 8, 16, 32, 64; sid, bp-chain, bp-deep            | CIFAR-100 | C3, C7, E1      |
//   | alpha          | constant 0.1 .. 1, falling 1:0.1, rising 0.1:1, L = 8   | CIFAR-100 | E6, R6          |
//   | initialisation | every scheme at L = 8 and 32                            | CIFAR-100 | E4              |
//   | label-noise    | 0, 20, 40 %; sid, bp-chain, bp-deep, L = 5              | CIFAR-10  | C6, E3          |
//   | belief-update  | replace and residual at L = 8 and 16                    | CIFAR-100 | C7              |
//   | very-deep      | L = 128, 256, 512, 1024 with the sum of e_i             | CIFAR-100 | Q2              |
//
// A budget shrinks all runs of an experiment alike, by rungs that are listed in plan.cc: fewer epochs and seeds first, then
// fewer training images. It is a stated rule and not a stop-watch, so the same request means the same runs on every machine,
// and a second call finds what the first one finished:
//
//   minutes of a run = (training images * epochs + a third of every image evaluated) * (1 + L / 400) / images a minute
//
// 1 + L / 400 is what the cascade adds to SimpleCNN's time, measured on two CPU cores at L = 4 and 64.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/config.h"

namespace sid {

struct ExperimentRequest {
  std::string name;
  std::string dataset;  // instead of the experiment's own; empty for that
  std::string data_dir;
  double budget_minutes = 0;       // for all runs together; 0 for the full size
  double images_per_second = 500;  // of training at small depth; two cores of 2023 train on 500 to 600 of CIFAR's
  std::string device = "auto";
  int64_t threads = 0;
};

// How large the runs of an experiment are.
struct Scale {
  int64_t train_images = 0;  // 0 for all
  int64_t epochs = 0;
  int64_t seeds = 0;  // 1 .. seeds
};

struct Plan {
  Scale scale;
  double minutes = 0;             // estimated, of all runs
  std::vector<TrainConfig> runs;  // the first seed of every setting comes first
};

std::vector<std::string> ExperimentNames();

// InvalidArgument for an unknown name, numbers out of range, and a budget below what the smallest scale needs.
absl::StatusOr<Plan> MakePlan(const ExperimentRequest& request);

}  // namespace sid
