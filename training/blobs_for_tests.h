#pragma once

// A small data set that a small network learns in seconds, for tests of training.

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"
#include "training/checkpoint.h"
#include "training/trainer.h"

namespace sid {

inline constexpr int64_t kClasses = 3;

// Class c is a bright channel c in noise: easy, but not for an untrained network.
inline Examples MakeExamples(int64_t count, uint64_t number) {
  at::Generator generator = MakeGenerator(5, RandomUse::kSynthetic, {number});
  const at::Tensor labels = at::arange(count, at::kLong).remainder(kClasses);
  const at::Tensor noise = at::randint(0, 120, {count, kClasses, 12, 12}, generator, at::kLong);
  const at::Tensor bright = 100 * at::one_hot(labels, kClasses).view({count, kClasses, 1, 1});
  return {(noise + bright).to(at::kByte), labels};
}

inline Dataset MakeDataset() {
  Dataset dataset{"blobs", {"a", "b", "c"}, MakeExamples(150, 1), MakeExamples(45, 2), MakeExamples(60, 3), {}};
  dataset.statistics = ComputeStatistics(dataset.train.images);
  return dataset;
}

inline TrainingOptions Options() {
  TrainingOptions options{.epochs = 3, .learning_rate = 3e-3};
  options.batches.batch_size = 32;
  return options;
}

inline TrainingHooks Hooks() {
  TrainingHooks hooks;
  // A second passes between any two looks at the clock.
  hooks.clock = [time = 0.0]() mutable { return time += 1; };
  return hooks;
}

// Keeps every state as the file that it becomes.
struct Kept {
  std::vector<std::string> paths;

  explicit Kept(std::string name) : name_(std::move(name)) {}

  TrainingHooks Into() {
    TrainingHooks hooks = Hooks();
    hooks.save = [this](const TrainingState& state) {
      paths.push_back(testing::TempDir() + "/" + name_ + std::to_string(paths.size()));
      return SaveCheckpoint(paths.back(), {.state = state});
    };
    hooks.load = [this]() -> absl::StatusOr<TrainingState> { return LoadCheckpoint(paths.back())->state; };
    return hooks;
  }

 private:
  std::string name_;
};

inline std::unique_ptr<Learner> MakeSid(const OptimizerOptions& optimizer = {}, int64_t depth = 2,
                                        at::Device device = at::kCPU, int64_t chunk = 0) {
  Network network =
      EmptyNetwork({.channels = kClasses, .classes = kClasses, .depth = depth, .features = 16, .hidden = 16});
  Initialise(Initialisation::kPyTorch, 1, at::Tensor(), network);
  return MakeSidLearner(CloneTo(network, device, at::kFloat), {.alphas = std::vector<double>(depth, 0.5)},
                        {.chunk = chunk}, optimizer);
}

// Two modules that own the blocks of a residual network with batch normalisation.
inline std::unique_ptr<Learner> MakeOwners(const OptimizerOptions& optimizer, at::Device device = at::kCPU) {
  const Architecture architecture =
      MakeArchitecture({.name = "resnet9", .image = {kClasses, 12, 12}, .width = 4}).value();
  Network network = EmptyNetwork(architecture, {3, 3}, {.kind = HeadKind::kConv, .hidden = 16}, kClasses);
  Initialise(Initialisation::kKaiming, 1, at::Tensor(), network);
  return MakeSidLearner(CloneTo(network, device, at::kFloat), {.alphas = {0.5, 0.5}}, {}, optimizer);
}

}  // namespace sid
