#pragma once

// The experiments on the paper's claims, each as the settings that it compares, with one seed, at the size that is asked for.
//
//   | name               | what varies                                             | on        | claim, question |
//   | accuracy           | three data sets; sid and the three baselines            | see left  | C1, C1b, C2     |
//   | authors-recipe     | sid and bp-chain as the authors' code trains            | CIFAR-100 | P0              |
//   | depth              | L = 4, 8, 16, 32, 64; sid, bp-chain, bp-deep            | CIFAR-100 | C3, C7, C8, R7  |
//   | alpha              | constant 0.1 .. 1, falling 1:0.1, rising 0.1:1, L = 8   | CIFAR-100 | M2, R6          |
//   | initialisation     | every scheme at L = 8 and 32                            | CIFAR-100 | E4              |
//   | label-noise        | 0, 20, 40 %, validation too; four learners, L = 5       | CIFAR-10  | C6              |
//   | belief-update      | replace, residual; kaiming, identity; L = 8, 16         | CIFAR-100 | R10             |
//   | very-deep          | L = 8, 128, 256, 512, 1024 with the sum of e_i          | CIFAR-100 | Q2              |
//   | extractor-gradient | sum, mean, pcgrad, none; bp-deep beside it, L = 8       | CIFAR-100 | C9, M3          |
//   | divergence         | forward; reverse with two smoothings, L = 5             | CIFAR-10  | R5              |
//   | learning-rate      | 0.001 to 0.1, probed, L = 8                             | CIFAR-100 | M1              |
//   | sgd-recipe         | sid and the three baselines by SGD, L = 5               | CIFAR-10  | R1              |
//   | blocks             | ResNet-9 split among 2 and 4 modules: learners, heads   | CIFAR-100 | R4              |
//   | overlap            | the same by SID, without and with overlap; K = 2, 4, 6  | CIFAR-100 | R4b             |
//   | architectures      | VGG-11, ResNet-18, ViT-Tiny; bp, and sid with 2 modules | CIFAR-10  | R10b            |
//   | peers, peers-mlp   | sid, bp, the peers; SimpleCNN with RevNet-18, an MLP    | CIFAR-10  | R8              |
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
