#pragma once

// A small training on made-up images by any executor, with all that it left behind, so that tests can compare executors:
//
//   Setting, ExecutorOptions --Train--> weights and loss of every step

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/machine/precision.h"
#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {

inline constexpr uint64_t kSeed = 11;

struct Setting {
  int64_t depth = 3, classes = 10, batch = 7, features = 12, hidden = 10;
  SidOptions options;
  OptimizerOptions optimizer;
  at::ScalarType type = at::kDouble;
  at::Device device = at::kCPU;
  double learning_rate = 0.05;
  double separation = 0;  // of the classes: 0 makes images noise
  BeliefUpdate belief_update = BeliefUpdate::kReplace;
  // PyTorch's: with biases that start at 0 the error relative to them would mean little.
  Initialisation initialisation = Initialisation::kPyTorch;
};

inline std::vector<double> LinearAlphas(int64_t depth) {
  std::vector<double> alphas;
  for (int64_t i = 0; i < depth; ++i) alphas.push_back(1 - 0.8 * static_cast<double>(i) / static_cast<double>(depth));
  return alphas;
}

// For comparisons of weights. Not Adam: its first step is the gradient's sign, which rounding decides where a gradient is all but
// zero. And slow: the modules' gradients by z add up, and at a rate too high for them training amplifies roundings.
inline Setting Comparable(int64_t depth, int64_t classes, Divergence divergence, at::ScalarType type) {
  return {.depth = depth,
          .classes = classes,
          .options = {.divergence = divergence, .alphas = LinearAlphas(depth), .smoothing = 0.1},
          .optimizer = {.rule = OptimizerRule::kSgd},
          .type = type,
          .learning_rate = 0.02 / static_cast<double>(depth)};
}

using WeightList = std::vector<at::Tensor>;

struct History {
  WeightList first, last;      // after the first step and after the last
  std::vector<double> losses;  // of each step, mean over the modules
};

// `steps` steps on batches of their own; one in the middle has two examples less.
inline History Train(const Setting& setting, const ExecutorOptions& executor, int64_t steps) {
  UsePrecision(executor.precision);  // LibTorch's own default rounds convolutions on a GPU to TF32
  Network network = EmptyNetwork({.classes = setting.classes,
                                  .depth = setting.depth,
                                  .features = setting.features,
                                  .hidden = setting.hidden,
                                  .belief_update = setting.belief_update});
  Initialise(setting.initialisation, kSeed, at::Tensor(), network);
  const auto learner =
      MakeSidLearner(CloneTo(network, setting.device, setting.type), setting.options, executor, setting.optimizer);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor patterns =
      at::randn({setting.classes, 3, 8, 8}, MakeGenerator(kSeed, RandomUse::kSynthetic, {1}), at::kDouble);
  PhaseTimer untimed;
  History history;
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t batch = step == steps / 2 ? std::max<int64_t>(1, setting.batch - 2) : setting.batch;
    const at::Tensor labels = at::randint(setting.classes, {batch}, generator, at::kLong);
    const at::Tensor images =
        at::randn({batch, 3, 8, 8}, generator, at::kDouble) + setting.separation * patterns.index_select(0, labels);
    const StepResult result = learner->Step({images.to(setting.device, setting.type), labels.to(setting.device)},
                                            setting.learning_rate, untimed);
    history.losses.push_back(result.losses.mean().item<double>());
    if (step > 0 && step + 1 < steps) continue;
    history.last.clear();
    for (const at::Tensor& weight : Tensors(Weights(*learner))) {
      history.last.push_back(weight.detach().cpu().clone());
    }
    if (step == 0) history.first = history.last;
  }
  return history;
}

inline double LargestRelativeError(const WeightList& actual, const WeightList& expected) {
  double largest = 0;
  for (size_t k = 0; k < expected.size(); ++k) {
    const at::Tensor a = actual[k].to(at::kDouble), e = expected[k].to(at::kDouble);
    largest = std::max(largest, ((a - e).norm() / e.norm()).item<double>());
  }
  return largest;
}

// Of how far the steps after the first moved each tensor, which a small rate hides in the weights.
inline double LargestErrorOfMoves(const History& actual, const History& expected) {
  double largest = 0;
  for (size_t k = 0; k < expected.last.size(); ++k) {
    const auto move = [k](const History& of) { return of.last[k].to(at::kDouble) - of.first[k].to(at::kDouble); };
    largest = std::max(largest, ((move(actual) - move(expected)).norm() / move(expected).norm()).item<double>());
  }
  return largest;
}

inline bool HasGpu() { return at::hasCUDA() && at::getNumGPUs() > 0; }

// All but `serial`, with which they are compared.
inline std::vector<Executor> Executors(at::Device device) {
  if (device.is_cuda()) return {Executor::kBatched, Executor::kCuda};
  return {Executor::kBatched};
}

// Every executor, in chunks too, against `serial`: the same weights after a step and after `steps`.
inline void ExpectSerialsWeights(const Setting& setting, int64_t steps = 20) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  const double tolerance = setting.type == at::kDouble ? 1e-12 : 1e-5;
  const History expected = Train(setting, {.executor = Executor::kSerial}, steps);
  for (const Executor executor : Executors(setting.device)) {
    for (const int64_t chunk : {0, 3}) {
      SCOPED_TRACE(testing::Message() << ExecutorNames()[static_cast<size_t>(executor)] << ", chunk " << chunk);
      const History actual = Train(setting, {.executor = executor, .chunk = chunk}, steps);
      EXPECT_LT(LargestRelativeError(actual.first, expected.first), tolerance) << "one step";
      EXPECT_LT(LargestRelativeError(actual.last, expected.last), tolerance) << steps << " steps";
      EXPECT_LT(LargestErrorOfMoves(actual, expected), 0.01);
    }
  }
}

// Executors in bf16, `serial` too, against `serial` in float32: the loss of every step within 1 %.
inline void ExpectBf16FollowsFp32(const Setting& setting) {
  const auto expected = Train(setting, {.executor = Executor::kSerial}, 20).losses;
  EXPECT_LT(expected.back(), 0.9 * expected.front()) << "nothing was learned";
  std::vector<Executor> executors = Executors(setting.device);
  executors.push_back(Executor::kSerial);
  for (const Executor executor : executors) {
    for (const int64_t chunk : {0, 2}) {
      if (executor == Executor::kSerial && chunk > 0) continue;
      SCOPED_TRACE(testing::Message() << ExecutorNames()[static_cast<size_t>(executor)] << ", chunk " << chunk);
      const ExecutorOptions options{.executor = executor, .chunk = chunk, .precision = Precision::kBf16};
      const auto actual = Train(setting, options, 20).losses;
      EXPECT_NE(actual.back(), expected.back()) << "computed in float32";
      for (size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(actual[k], expected[k], 0.01 * expected[k]) << k;
    }
  }
}

// For them: classes that can be told apart. On noise, the losses of two roundings soon differ by more than the roundings.
inline Setting Learnable(int64_t depth, at::Device device) {
  return {.depth = depth,
          .classes = 3,
          .batch = 64,
          .features = 64,
          .hidden = 62,
          .options = {.alphas = std::vector<double>(depth, 0.5)},
          .type = at::kFloat,
          .device = device,
          .learning_rate = 3e-4,
          .separation = 3};
}

// C = 100 or 200 and the network's usual sizes, kaiming's weights so that twenty steps suffice to learn, and a rate at which no unit's
// sign, which rounding may decide, moves others.
inline Setting OfProductionSize(Setting setting, int64_t classes, int64_t batch) {
  setting.classes = classes;
  setting.batch = batch;
  setting.features = 128;
  setting.hidden = 256;
  if (setting.optimizer.rule == OptimizerRule::kSgd) {
    setting.learning_rate /= 4;
  } else {
    setting.initialisation = Initialisation::kKaiming;
  }
  return setting;
}

inline void ExpectTheSameBits(const Setting& setting, const ExecutorOptions& executor) {
  const WeightList first = Train(setting, executor, 5).last, second = Train(setting, executor, 5).last;
  for (size_t k = 0; k < first.size(); ++k) EXPECT_TRUE(at::equal(first[k], second[k])) << k;
}

}  // namespace sid
