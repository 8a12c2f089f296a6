#pragma once

// Networks, batches and the serial loop that pipelines are compared with, bit for bit.

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"
#include "training/pipeline.h"
#include "training/training_state.h"
#include "training/watch.h"

namespace sid {

constexpr uint64_t kSeed = 11;
constexpr int64_t kClasses = 5, kSide = 16, kSteps = 30;

struct Kind {
  std::string network = "resnet9";  // narrow; or simple-cnn, vit: blocks of each
  int64_t stages = 2;
  OptimizerOptions optimizer = {};
  Divergence divergence = Divergence::kForward;
  bool streams = false;
};

inline Architecture ArchitectureOf(const std::string& network) {
  if (network == "vit")
    return VisionTransformer({3, kSide, kSide}, /*patch=*/4, /*layers=*/4, /*width=*/16, /*heads=*/2);
  return MakeArchitecture({.name = network, .image = {3, kSide, kSide}, .width = 8, .features = 12}).value();
}

// Always the same one.
inline std::unique_ptr<SidLearner> MakeLearner(const Kind& kind, at::Device device = at::kCPU) {
  const Architecture architecture = ArchitectureOf(kind.network);
  const Partition partition = ParsePartition("even:" + std::to_string(kind.stages), 0, architecture.blocks).value();
  const HeadKind head = kind.network == "vit" ? HeadKind::kMlp : HeadKind::kConv;
  Network network = EmptyNetwork(architecture, partition, {.kind = head, .hidden = 9}, kClasses);
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  SidOptions options{.divergence = kind.divergence, .smoothing = 0.1};
  for (int64_t i = 0; i < kind.stages; ++i) options.alphas.push_back(0.9 - 0.2 * static_cast<double>(i));
  return MakeSidLearner(CloneTo(network, device, at::kFloat), options, {.streams = kind.streams}, kind.optimizer);
}

// Every tenth is a smaller one, as the last of an epoch.
inline Batch MakeBatch(int64_t step, at::Device device = at::kCPU) {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic, {static_cast<uint64_t>(step)});
  const int64_t size = step % 10 == 9 ? 3 : 8;
  return {at::randn({size, 3, kSide, kSide}, generator, at::kFloat).to(device),
          at::randint(kClasses, {size}, generator, at::kLong).to(device)};
}

inline double LearningRate(int64_t step) { return 1e-2 / static_cast<double>(1 + step); }

using Rows = std::vector<at::Tensor>;

inline void Append(Rows more, Rows& rows) { rows.insert(rows.end(), more.begin(), more.end()); }

// Steps [begin, end) by the learner itself.
inline Rows RunSerially(SidLearner& learner, int64_t begin, int64_t end) {
  const Watch watch(learner.State());
  const at::Device device = learner.network().device();
  const at::ScalarType type = device.is_cuda() ? at::kFloat : at::kDouble;
  PhaseTimer untimed;
  Rows rows;
  for (int64_t step = begin; step < end; ++step) {
    const Batch batch = MakeBatch(step, device);
    const at::Tensor learning_rate = at::full({}, LearningRate(step), at::TensorOptions(device).dtype(type));
    rows.push_back(watch.Row(learner.Step(batch, learning_rate, untimed), batch.labels));
  }
  return rows;
}

// ... and by a pipeline.
inline Rows RunBy(Pipeline& pipeline, int64_t begin, int64_t end, at::Device device = at::kCPU) {
  Rows rows;
  for (int64_t step = begin; step < end; ++step)
    Append(pipeline.Begin(MakeBatch(step, device), LearningRate(step)), rows);
  Append(pipeline.Drain(), rows);
  return rows;
}

inline void ExpectSameBits(const Rows& actual, const Rows& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t k = 0; k < actual.size(); ++k) EXPECT_TRUE(at::equal(actual[k], expected[k])) << "row " << k;
}

inline void ExpectSameBits(const Learner& actual, const Learner& expected) {
  const std::vector<NamedTensor> a = actual.State(), b = expected.State();
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.size(); ++k) EXPECT_TRUE(at::equal(a[k].tensor, b[k].tensor)) << a[k].name;
}

}  // namespace sid
