// Real runs of a few steps each: what is written, and what a second call repeats.

#include "reproducibility/experiments/experiment.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/lock.h"
#include "baselines/petra.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/experiments/results.h"
#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {
namespace {

absl::StatusOr<FinishedOrKept> RunHere(const TrainConfig& config, const std::string& folder) {
  return RunOrRead(config, folder, {.clock = [time = 0.0]() mutable { return time += 1; }});
}

// Two learners on a few digits.
std::vector<TrainConfig> SmallPlan() {
  const std::string data = testing::TempDir() + "/digits";
  WriteMnist(data, 100, 20);
  std::vector<TrainConfig> plan;
  for (const char* learner : {"sid", "bp-chain"}) {
    TrainConfig config{
        .learner = learner, .dataset = "mnist", .data_dir = data, .depth = 2, .hidden = 8, .features = 8};
    config.train_images = 60;
    config.epochs = 1;
    config.device = "cpu";
    plan.push_back(config);
  }
  return plan;
}

std::vector<bool> RunAndCountKept(const std::vector<TrainConfig>& plan, const std::string& folder) {
  std::vector<bool> kept;
  kept.reserve(plan.size());
  for (const TrainConfig& config : plan) kept.push_back(RunHere(config, folder)->kept);
  return kept;
}

TEST(RunOrRead, RunsWhatIsNotThereAndNothingTwice) {
  const std::string folder = NewFolder();
  std::vector<TrainConfig> plan = SmallPlan();
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  // Another device, folder or number of threads is no other result; an interruption is a file that is not there.
  plan[0].threads = 1;
  std::filesystem::remove(folder + "/" + ResultName(plan[1]));
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{true, false}));
  plan[0].seed = 2;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, true}));
}

TEST(RunOrRead, AResultSaysEverythingButWhereItWasMade) {
  const std::string folder = NewFolder();
  std::vector<TrainConfig> plan = SmallPlan();
  ASSERT_TRUE(RunHere(plan[0], folder).ok());
  const auto result = ReadResult(folder, plan[0]).value();
  EXPECT_EQ(result["test"]["accuracy"].size(), 2u);
  EXPECT_EQ(result["theory"]["divergence"].size(), 3u);
  int64_t right = 0;
  const auto bits = result["test"]["correct"].get<std::string>();
  for (const char digit : bits)
    right += std::popcount(static_cast<unsigned>(std::stoul(std::string(1, digit), nullptr, 16)));
  EXPECT_EQ(bits.size(), 5u) << "20 images";
  EXPECT_NEAR(right / 20.0, result["test"]["accuracy"][1].get<double>(), 1e-9);
  EXPECT_LE(result["theory"]["largest_excess"], 1e-9);
  EXPECT_EQ(result["test"]["last_epoch_accuracy"], result["test"]["accuracy"][1]) << "of one epoch";
  EXPECT_NEAR(result["theory"]["divergence"][2], result["test"]["divergence"][1], 1e-5);
  EXPECT_EQ(result["settings"]["train_images"], 60);
  EXPECT_EQ(result["epochs"].size(), 1u);
  EXPECT_TRUE(result["machine"].contains("processor"));
  const std::string text = result.dump();
  EXPECT_EQ(text.find(folder), std::string::npos);
  EXPECT_EQ(text.find("data_dir"), std::string::npos);
  EXPECT_EQ(Describe(plan[0], result).find("sid L=2 seed 1"), 0u);
}

TEST(RunOrRead, TheTimeThatKeptRunsTookSaysWhatStillFits) {
  const std::string folder = NewFolder();
  const std::vector<TrainConfig> plan = SmallPlan();
  // By its first steps a run takes some seconds; by this clock, thousands.
  const auto slow = [time = 0.0]() mutable { return time += 1000; };
  ASSERT_TRUE(RunOrRead(plan[0], folder, {.clock = slow}).ok());
  const auto second_fits = [&] {
    Pace pace([](const TrainConfig&) { return 1e-3; }, 1100);  // the clock has said 1000 when the second run asks
    const RunOptions options{.clock = slow, .pace = &pace};
    EXPECT_TRUE(RunOrRead(plan[0], folder, options)->kept);
    return !absl::IsDeadlineExceeded(RunOrRead(plan[1], folder, options).status());
  };
  EXPECT_FALSE(second_fits());
  // Made elsewhere it teaches nothing.
  auto result = ReadResult(folder, plan[0]).value();
  result["machine"]["processor"] = "another";
  Seal(result);
  ASSERT_TRUE(WriteFileAtomically(folder + "/" + ResultName(plan[0]), result.dump()).ok());
  EXPECT_TRUE(second_fits());
}

TEST(RunOrRead, LeavesARunToWhoeverIsAtWorkOnIt) {
  const std::string folder = NewFolder();
  const std::vector<TrainConfig> plan = SmallPlan();
  const std::string running = folder + "/" + ResultName(plan[0]) + ".running";
  ASSERT_TRUE(CreateFolder(running).ok());
  auto lock = LockFolder(running).value();
  const RunOptions options{.clock = [] { return 0.0; }};
  EXPECT_TRUE(absl::IsUnavailable(RunOrRead(plan[0], folder, options).status()));
  EXPECT_FALSE(RunOrRead(plan[1], folder, options)->result.is_null());
  // It ended without a result, as a killed one does.
  lock.reset();
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, true}));
  EXPECT_FALSE(std::filesystem::exists(running));
}

// A probe changes no weight, but what it saw belongs to the result: the run that was not probed cannot stand in for it.
TEST(RunOrRead, AProbedRunSaysHowFarItsTeachersMoved) {
  const std::string folder = NewFolder();
  std::vector<TrainConfig> plan = SmallPlan();
  plan[1] = plan[0];
  plan[1].probe_every = 1;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  const auto plain = ReadResult(folder, plan[0]).value(), probed = ReadResult(folder, plan[1]).value();
  EXPECT_EQ(plain["test"], probed["test"]);
  EXPECT_FALSE(plain.contains("staleness"));
  EXPECT_EQ(probed["staleness"]["probes"], 2);  // 54 images in batches of 32
  ASSERT_EQ(probed["staleness"]["mean"].size(), 2u);
  EXPECT_EQ(probed["staleness"]["mean"][0], 0);  // the uniform belief never moves
  EXPECT_GT(probed["staleness"]["mean"][1], 0);
}

// A batch alone on its way would have backpropagation's losses.
TEST(RunOrRead, GradientsOfPetraAreLate) {
  const std::string folder = NewFolder();
  TrainConfig config = SmallPlan()[0];
  config.learner = "petra";
  config.network = "revnet18";
  config.width = 2;
  config.depth = 1;
  config.head = "linear";
  config.batch_size = 6;
  config.augmentation = "none";
  const auto loss = [&](const TrainConfig& one) {
    EXPECT_TRUE(RunHere(one, folder).ok());
    return ReadResult(folder, one).value()["epochs"][0]["train_loss"].get<double>();
  };
  const double late = loss(config);
  PreparedRun run = Prepare(config).value();
  const auto pipeline = MakePetraPipeline(dynamic_cast<PetraLearner&>(*run.learner));
  PhaseTimer untimed;
  const TrainingHooks hooks{.clock = [] { return 0.0; }, .pipeline = pipeline.get()};
  EXPECT_EQ(late, Train(run.dataset, run.options, hooks, untimed, *run.learner)->epochs[0].train_loss);
  config.learner = "bp";
  EXPECT_GT(std::abs(late - loss(config)), 0.01);
}

TEST(RunOrRead, ALossThatIsNotFiniteIsAResult) {
  const std::string folder = NewFolder();
  std::vector<TrainConfig> plan = SmallPlan();
  plan[0].learning_rate = 1e30;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  const auto result = ReadResult(folder, plan[0]).value();
  EXPECT_NE(result["failed"].get<std::string>().find("a learning rate of 1e+30"), std::string::npos);
  EXPECT_NE(Describe(plan[0], result).find("failed: "), std::string::npos);
}

TEST(ReadResult, ADamagedFileIsAnErrorThatNamesIt) {
  const std::string folder = NewFolder();
  const TrainConfig config = SmallPlan()[0];
  EXPECT_TRUE(absl::IsNotFound(ReadResult(folder, config).status()));
  for (const std::string text : {"{\"settings\": ", "[1]", "{\"settings\": {\"depth\": 3}}"}) {
    ASSERT_TRUE(WriteFileAtomically(folder + "/" + ResultName(config), text).ok());
    const auto result = ReadResult(folder, config);
    EXPECT_NE(result.status().message().find(ResultName(config)), absl::string_view::npos) << text;
    EXPECT_EQ(RunHere(config, folder).status().message(), result.status().message());
  }
}

}  // namespace
}  // namespace sid
