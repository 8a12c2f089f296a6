// A run that was broken off goes on to the bits of the unbroken one, from any state on the way, for every optimizer.

#include <ATen/Context.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "base/machine/device.h"
#include "training/blobs_for_tests.h"
#include "training/checkpoint.h"
#include "training/trainer.h"

namespace sid {
namespace {

void ExpectEqual(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].name, b[k].name);
    EXPECT_TRUE(at::equal(a[k].tensor, b[k].tensor)) << a[k].name;
  }
}

void ExpectEqual(const EpochRecord& a, const EpochRecord& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.train_loss_by_depth, b.train_loss_by_depth);
  EXPECT_EQ(a.train_accuracy, b.train_accuracy);
  EXPECT_EQ(a.learning_rate, b.learning_rate);
  EXPECT_EQ(a.validation.accuracy, b.validation.accuracy);
  EXPECT_EQ(a.validation.divergence, b.validation.divergence);
}

// The tail of the unbroken run's records.
void ExpectTail(const std::vector<EpochRecord>& all, const std::vector<EpochRecord>& tail) {
  ASSERT_LE(tail.size(), all.size());
  for (size_t k = 0; k < tail.size(); ++k) ExpectEqual(all[all.size() - tail.size() + k], tail[k]);
}

TrainingOptions OptionsWithEverything() {
  TrainingOptions options = Options();
  options.schedule = ScheduleShape::kCosine;
  options.warmup_epochs = 0.5;
  options.batches.augmentation = ParseAugmentation("crop-flip", 12, 12).value();
  options.checkpoint_every = 2;       // of 15 steps, 5 an epoch
  options.evaluation.batch_size = 8;  // of 45: enough whole ones for a graph
  return options;
}

using MakeLearner = std::unique_ptr<Learner> (*)(const OptimizerOptions& optimizer, at::Device device);

std::unique_ptr<Learner> MakeShared(const OptimizerOptions& optimizer, at::Device device) {
  return MakeSid(optimizer, /*depth=*/2, device);
}

void ExpectTheSameBitsFromAnyState(MakeLearner make_learner, const Dataset& dataset, const TrainingOptions& options,
                                   const OptimizerOptions& optimizer) {
  PhaseTimer untimed;
  const auto make = [&] { return make_learner(optimizer, dataset.train.images.device()); };
  Kept kept(OptimizerNames()[static_cast<size_t>(optimizer.rule)]);
  const auto unbroken = make();
  const auto whole = Train(dataset, options, kept.Into(), untimed, *unbroken);
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(kept.paths.size(), 9u);  // at 0, 2, 4, 6, 8, 10, 12, 14 and 15 steps
  for (const std::string& path : kept.paths) {
    TrainingHooks hooks = Hooks();
    hooks.from = LoadCheckpoint(path)->state;
    const auto resumed = make();
    const auto rest = Train(dataset, options, hooks, untimed, *resumed);
    ASSERT_TRUE(rest.ok()) << rest.status();
    ExpectEqual(unbroken->State(), resumed->State());
    ExpectTail(whole->epochs, rest->epochs);
    EXPECT_EQ(whole->best_epoch, rest->best_epoch);
    EXPECT_EQ(whole->test.divergence, rest->test.divergence);
    EXPECT_GT(rest->seconds, hooks.from->seconds);
  }
}

TEST(Resume, GivesTheBitsOfTheUnbrokenRunFromAnyState) {
  for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kAdamW, OptimizerRule::kSgd})
    ExpectTheSameBitsFromAnyState(MakeShared, MakeDataset(), OptionsWithEverything(),
                                  {.rule = rule, .weight_decay = 1e-3});
}

// With running statistics, an optimizer of its own for each stage, and clipping by stage.
TEST(Resume, GivesTheBitsOfTheUnbrokenRunWhereModulesOwnBlocks) {
  for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kSgd})
    ExpectTheSameBitsFromAnyState(MakeOwners, MakeDataset(), OptionsWithEverything(),
                                  {.rule = rule, .weight_decay = 1e-3, .clip_norm = 1});
}

// A checkpoint does not tell how many modules were updated at a time: it has the same tensors, and goes on under another number to what
// the unbroken runs have. Chunks differ in rounding alone: as an oracle stands the run without any.
TEST(Resume, GoesOnWithAnotherChunk) {
  PhaseTimer untimed;
  for (const OptimizerRule rule : {OptimizerRule::kAdam, OptimizerRule::kSgd}) {
    const auto make = [rule](int64_t chunk) { return MakeSid({.rule = rule}, /*depth=*/5, at::kCPU, chunk); };
    const auto unbroken = make(0);
    ASSERT_TRUE(Train(MakeDataset(), OptionsWithEverything(), Hooks(), untimed, *unbroken).ok());
    for (const auto& [before, after] : {std::pair(2, 3), std::pair(3, 0), std::pair(0, 1), std::pair(1, 7)}) {
      SCOPED_TRACE(testing::Message() << "from chunk " << before << " to " << after);
      Kept kept("chunks");
      ASSERT_TRUE(Train(MakeDataset(), OptionsWithEverything(), kept.Into(), untimed, *make(before)).ok());
      TrainingHooks hooks = Hooks();
      hooks.from = LoadCheckpoint(kept.paths[3])->state;  // 6 of 15 steps
      const auto resumed = make(after);
      const auto rest = Train(MakeDataset(), OptionsWithEverything(), hooks, untimed, *resumed);
      ASSERT_TRUE(rest.ok()) << rest.status();
      const std::vector<NamedTensor> actual = resumed->State(), expected = unbroken->State();
      ASSERT_EQ(actual.size(), expected.size());
      for (size_t k = 0; k < actual.size(); ++k) {
        EXPECT_EQ(actual[k].name, expected[k].name);
        EXPECT_TRUE(at::allclose(actual[k].tensor, expected[k].tensor, /*rtol=*/1e-4, /*atol=*/1e-6)) << actual[k].name;
      }
    }
  }
}

// For one test: the others are about what is used without it.
struct DeterministicScope {
  DeterministicScope() { UseDeterministicAlgorithms(); }
  ~DeterministicScope() { at::globalContext().setDeterministicAlgorithms(false, false); }
};

// Of plain steps and of captured ones, which a resumed run records anew.
TEST(Resume, GivesTheSameBitsOnAGpuInDeterministicMode) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  const DeterministicScope deterministic;
  for (const bool capture : {false, true}) {
    TrainingOptions options = OptionsWithEverything();
    options.capture = capture;
    ExpectTheSameBitsFromAnyState(MakeShared, ToDevice(MakeDataset(), at::Device(at::kCUDA, 0)), options,
                                  {.weight_decay = 1e-3});
  }
}

TEST(Resume, AStopFinishesTheStepAndKeepsIt) {
  PhaseTimer untimed;
  const auto unbroken = MakeSid();
  ASSERT_TRUE(Train(MakeDataset(), Options(), Hooks(), untimed, *unbroken).ok());
  for (const int64_t stop_after : {1, 4, 5, 6, 15}) {
    Kept kept("stop");
    TrainingHooks hooks = kept.Into();
    int64_t taken = 0;
    hooks.after_step = [&](int64_t) { return ++taken, absl::OkStatus(); };
    hooks.stop = [&] { return taken == stop_after; };
    const auto stopped = Train(MakeDataset(), Options(), hooks, untimed, *MakeSid());
    ASSERT_EQ(stopped.status().code(), absl::StatusCode::kCancelled) << stopped.status();
    const TrainingState state = LoadCheckpoint(kept.paths.back())->state;
    EXPECT_EQ((state.epoch - 1) * 5 + state.step, stop_after);
    TrainingHooks on = Hooks();
    on.from = state;
    const auto resumed = MakeSid();
    ASSERT_TRUE(Train(MakeDataset(), Options(), on, untimed, *resumed).ok());
    ExpectEqual(Weights(*unbroken), Weights(*resumed));
  }
}

TEST(Resume, AStopDuringTheValidationWaitsForNoFurtherStep) {
  PhaseTimer untimed;
  for (const int64_t stop_after : {2, 3}) {
    Kept kept("stop-validation");
    TrainingHooks hooks = kept.Into();
    bool stop = false;
    int64_t taken = 0;
    hooks.after_step = [&](int64_t) { return ++taken, absl::OkStatus(); };
    hooks.on_epoch = [&](const EpochRecord& record) {
      stop = record.epoch == stop_after;
      return absl::OkStatus();
    };
    hooks.stop = [&] { return stop; };
    TrainingOptions options = Options();
    options.checkpoint_every = 1000;
    const absl::Status status = Train(MakeDataset(), options, hooks, untimed, *MakeSid()).status();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_EQ(taken, stop_after * 5);
    const TrainingState state = LoadCheckpoint(kept.paths.back())->state;
    EXPECT_EQ(std::pair(state.epoch, state.step), std::pair(stop_after + 1, int64_t{0}));
  }
}

}  // namespace
}  // namespace sid
