// States that no run of these options can have left are refused, whatever wrote them.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "training/blobs_for_tests.h"
#include "training/checkpoint.h"
#include "training/trainer.h"

namespace sid {
namespace {

TEST(Resume, AStateOfAnotherNetworkIsRefused) {
  PhaseTimer untimed;
  Kept kept("deeper");
  ASSERT_TRUE(Train(MakeDataset(), Options(), kept.Into(), untimed, *MakeSid({}, /*depth=*/3)).ok());
  TrainingHooks hooks = Hooks();
  hooks.from = LoadCheckpoint(kept.paths.back())->state;
  const auto learner = MakeSid();
  const std::vector<at::Tensor> before = Tensors(Weights(*learner));
  const absl::Status status = Train(MakeDataset(), Options(), hooks, untimed, *learner).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("heads.1.belief_weight"), absl::string_view::npos) << status;
}

TEST(Resume, AStateThatIsNowhereInTheTrainingIsRefused) {
  PhaseTimer untimed;
  Kept kept("nowhere");
  TrainingOptions options = Options();
  options.checkpoint_every = 7;
  ASSERT_TRUE(Train(MakeDataset(), options, kept.Into(), untimed, *MakeSid()).ok());
  const TrainingState good = LoadCheckpoint(kept.paths[1])->state;  // the second step of epoch 2
  const auto expect_refused = [&](const std::function<void(TrainingState&)>& change) {
    TrainingHooks hooks = Hooks();
    hooks.from = good;
    change(*hooks.from);
    const absl::Status status = Train(MakeDataset(), Options(), hooks, untimed, *MakeSid()).status();
    EXPECT_NE(status.message().find("does not fit this run of 3 epochs of 5 steps"), absl::string_view::npos) << status;
  };
  expect_refused([](TrainingState& state) { state.epoch = 5; });
  expect_refused([](TrainingState& state) { state.epoch = 4; });
  expect_refused([](TrainingState& state) { state.step = 6; });
  expect_refused([](TrainingState& state) { state.losses.sums = {1}; });
}

// The file is whole, its checksum right, and it is still no state of this run.
TEST(Resume, AStateThatDoesNotFitTheRunIsRefused) {
  PhaseTimer untimed;
  Kept kept("to-be-edited");
  const TrainingOptions options = Options();
  ASSERT_TRUE(Train(MakeDataset(), options, kept.Into(), untimed, *MakeSid()).ok());
  const TrainingState good = LoadCheckpoint(kept.paths.back())->state;
  const auto error_with = [&](const std::function<void(TrainingState&)>& edit) {
    TrainingState state = good;
    edit(state);
    TrainingHooks hooks = Hooks();
    hooks.from = state;
    return std::string(Train(MakeDataset(), options, hooks, untimed, *MakeSid()).status().message());
  };
  EXPECT_EQ(error_with([](TrainingState&) {}), "");
  const std::string part = "does not fit this run";
  EXPECT_NE(error_with([](TrainingState& state) { state.losses.steps = 5; }).find(part), std::string::npos);
  EXPECT_NE(error_with([](TrainingState& state) { state.losses.sums = {1, 2, 3, 4, 5, 6}; }).find(part),
            std::string::npos);
  EXPECT_NE(error_with([](TrainingState& state) { state.best.weights.pop_back(); }).find("has no tensor"),
            std::string::npos);
}

}  // namespace
}  // namespace sid
