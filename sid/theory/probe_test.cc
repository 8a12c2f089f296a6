#include "sid/theory/probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Formatting.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kDepth = 3, kClasses = 4;

Examples MakeExamples(int64_t count) {
  at::Generator generator = MakeGenerator(5, RandomUse::kSynthetic);
  return {at::randint(0, 256, {count, 3, 8, 8}, generator, at::kByte),
          at::arange(count, at::kLong).remainder(kClasses)};
}

struct Training {
  Network network = EmptyNetwork({.classes = kClasses, .depth = kDepth, .features = 8, .hidden = 8});
  Examples examples = MakeExamples(40);
  ChannelStatistics statistics = ComputeStatistics(examples.images);
  std::unique_ptr<Learner> learner;

  Training() {
    Initialise(Initialisation::kPyTorch, 1, at::Tensor(), network);
    learner = MakeSidLearner(network, {.alphas = {0.5, 0.5, 0.5}}, {}, {});
  }
  Batch TrainBatch() const { return OrderedBatch(examples, statistics, 0, 40); }
  Probe MakeProbe() const { return {*learner, ProbeBatch(examples, statistics, 16), {.alphas = {0.5, 0.5, 0.5}}}; }
};

TEST(Probe, SeesTheWeightsBeforeTheStepAndItsEffect) {
  const Training training;
  Probe probe = training.MakeProbe();
  const Batch batch = ProbeBatch(training.examples, training.statistics, 16);
  PhaseTimer untimed;
  const at::Tensor before = training.learner->Predict(batch.images);
  probe.BeforeStep();
  training.learner->Step(training.TrainBatch(), 1e-3, untimed);
  const ProbeRecord record = probe.AfterStep(7);
  const at::Tensor after = training.learner->Predict(batch.images);
  EXPECT_EQ(record.step, 7);
  ASSERT_EQ(record.staleness.size(), 3u);
  EXPECT_EQ(record.staleness[0], 0);  // p_0 never moves
  for (int64_t i = 0; i < kDepth; ++i) {
    const at::Tensor d = -before[i + 1].gather(1, batch.labels.unsqueeze(1)).mean();
    EXPECT_NEAR(record.theory.divergence[i + 1], d.item<double>(), 1e-6);
    if (i + 1 == kDepth) break;
    const at::Tensor moved = (before[i + 1].exp() * (before[i + 1] - after[i + 1])).sum(-1).mean();
    EXPECT_NEAR(record.staleness[i + 1], moved.item<double>(), 1e-5);
    EXPECT_GT(record.staleness[i + 1], 0);
  }
  EXPECT_EQ(record.conflict.norm.size(), 3u);
  EXPECT_EQ(record.weight_norm.size(), 3u);
}

TEST(Probe, LeavesTrainingAsItIs) {
  const Training probed, alone;
  Probe probe = probed.MakeProbe();
  PhaseTimer untimed;
  for (int64_t step = 0; step < 5; ++step) {
    probe.BeforeStep();
    probed.learner->Step(probed.TrainBatch(), 0.01, untimed);
    probe.AfterStep(step);
    alone.learner->Step(alone.TrainBatch(), 0.01, untimed);
  }
  for (size_t k = 0; k < Tensors(probed.network).size(); ++k) {
    EXPECT_TRUE(at::equal(Tensors(probed.network)[k], Tensors(alone.network)[k])) << k;
  }
}

TEST(ProbeBatch, IsSpreadOverAllExamples) {
  const Training training;
  EXPECT_EQ(ProbeBatch(training.examples, training.statistics, 100).labels.size(0), 40);
  Examples sorted = training.examples;
  sorted.labels = at::arange(40, at::kLong).floor_divide(10);
  const at::Tensor labels = ProbeBatch(sorted, training.statistics, 4).labels;
  EXPECT_TRUE(at::equal(labels, at::arange(4, at::kLong))) << labels;
}

}  // namespace
}  // namespace sid
