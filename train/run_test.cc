// Runs that are broken off and go on, in their folder: the same files as if never broken off, or a clear no.

#include "train/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "training/checkpoint.h"
#include "train/small_run_for_tests.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

using Resume = Unbroken;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Stopped after each step, it goes on: no line of the metrics is missing or there twice, though one was written after the
// last checkpoint.
TEST_F(Resume, GivesTheUnbrokenRunsFiles) {
  TrainConfig config = Small(FreshPath("stopped"));
  config.resume = true;
  absl::Status status;
  for (int run_number = 0; run_number < 20; ++run_number) {
    status = TryToRun(config, nullptr, [] { return true; });
    if (status.ok()) break;
    ASSERT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_NE(status.message().find("the same command with --resume goes on"), absl::string_view::npos) << status;
    for (const char* output : {"/metrics.jsonl", "/events.out.tfevents.sid"})
      ASSERT_TRUE(AppendToFile(config.out + output, "{\"epoch\": 99").ok());
  }
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Result(config.out) == expected_);
  ASSERT_TRUE(TryToRun(config).ok()) << "a finished run may be resumed: nothing is left to do";
  EXPECT_TRUE(Result(config.out) == expected_);
}

// A learning rate far too high: the diagnostics have something to tell, once, whether the run is broken off or not.
TEST(Diagnosed, IsToldOnceHoweverOftenTheRunIsBrokenOff) {
  TrainConfig config = Small(FreshPath("told"));
  config.learning_rate = 3;
  config.warmup_epochs = 0;
  config.batch_size = 8;
  config.probe_every = 1;
  ASSERT_TRUE(TryToRun(config).ok());
  const std::string expected = Result(config.out);
  ASSERT_NE(expected.find("diagnoses"), std::string::npos);
  config.out = FreshPath("told-in-parts");
  config.resume = true;
  std::string told;
  absl::Status status = absl::CancelledError("");
  for (int part = 0; absl::IsCancelled(status) && part < 20; ++part)
    status = TryToRun(config, &told, [asked = 0]() mutable { return ++asked >= 3; });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Result(config.out) == expected) << told;
}

TEST_F(Resume, RollbacksBeforeAreToldAndAreInTheSummary) {
  TrainConfig config = Small(testing::TempDir() + "/unbroken");
  config.resume = true;
  const std::string path = config.out + "/checkpoints/epoch-000003-step-000000000.safetensors";
  Checkpoint checkpoint = LoadCheckpoint(path).value();
  for (const int64_t rollbacks : {0, 1, 2}) {
    checkpoint.state.rollbacks = rollbacks;
    ASSERT_TRUE(SaveCheckpoint(path, checkpoint).ok());
    std::string told;
    ASSERT_TRUE(TryToRun(config, &told).ok());
    const std::string expected[] = {"goes on from epoch 3, step 0\n",
                                    ", with 0.5 of the learning rate after 1 rollback\n",
                                    ", with 0.25 of the learning rate after 2 rollbacks\n"};
    EXPECT_NE(told.find(expected[rollbacks]), std::string::npos) << told;
    EXPECT_EQ(nlohmann::json::parse(ReadFile(config.out + "/summary.json").value())["rollbacks"], rollbacks);
  }
}

TEST_F(Resume, RefusesAnotherRunsCheckpointAndNamesTheSetting) {
  const std::string folder = testing::TempDir() + "/unbroken";
  const auto expect = [&](const std::string& expected, const std::function<void(TrainConfig&)>& change) {
    TrainConfig config = Small(folder);
    config.resume = true;
    change(config);
    const absl::Status status = TryToRun(config);
    EXPECT_NE(status.message().find(expected), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << status;
  };
  expect("--depth was 2 and is 3", [](TrainConfig& config) { config.depth = 3; });
  expect("--lr was 0.002 and is 0.1", [](TrainConfig& config) { config.learning_rate = 0.1; });
  expect("--learner was sid and is bp-chain", [](TrainConfig& config) { config.learner = "bp-chain"; });
  expect("--alpha was 0.5 and is 1", [](TrainConfig& config) { config.alpha = "1"; });
  expect("data was ", [](TrainConfig& config) {
    config.data_dir = testing::TempDir() + "/other";
    WriteMnist(config.data_dir, 61, 20);
  });
  expect("holds a run already", [](TrainConfig& config) { config.resume = false; });
  fs::remove_all(folder + "/checkpoints");
  expect("has metrics but no checkpoint", [](TrainConfig&) {});
}

TEST_F(Resume, ACheckpointThatNamesAnotherFileCutsNone) {
  TrainConfig config = Small(testing::TempDir() + "/unbroken");
  config.resume = true;
  const std::string victim = testing::TempDir() + "/victim";
  ASSERT_TRUE(WriteFileAtomically(victim, "all of it").ok());
  const std::string path = config.out + "/checkpoints/epoch-000003-step-000000000.safetensors";
  const Checkpoint good = LoadCheckpoint(path).value();
  for (const auto& [name, length] :
       {std::pair("../victim\n", 0), std::pair("../victim", 0), std::pair("/etc/passwd", 3)}) {
    Checkpoint crafted = good;
    crafted.outputs["events.out.tfevents.sid"] = 0;
    crafted.outputs[name] = length;
    ASSERT_TRUE(SaveCheckpoint(path, crafted).ok());
    const absl::Status status = TryToRun(config);
    EXPECT_NE(status.message().find("that no run writes"), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << status;
    EXPECT_EQ(ReadFile(victim).value(), "all of it");
    EXPECT_TRUE(Result(config.out) == expected_) << "not even its own";
  }
}

// `auto` is a rule, not a clock: a run that it began goes on with it.
TEST(Executors, AutoIsTheSameWhenARunGoesOn) {
  TrainConfig config = Small(FreshPath("auto"));
  ASSERT_TRUE(absl::IsCancelled(TryToRun(config, nullptr, [] { return true; })));
  config.resume = true;
  config.executor = "serial";
  EXPECT_NE(TryToRun(config).message().find("--executor was batched and is serial"), absl::string_view::npos);
  config.executor = "auto";
  const absl::Status status = TryToRun(config);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(Resume, AFolderInUseIsLeftAlone) {
  TrainConfig config = Small(FreshPath("in-use"));
  const auto first = BeginRun(config, [](const std::string&) {});
  ASSERT_TRUE(first.ok());
  config.resume = true;
  const absl::Status second = BeginRun(config, [](const std::string&) {}).status();
  EXPECT_NE(second.message().find("another process is working"), absl::string_view::npos) << second;
}

}  // namespace
}  // namespace sid
