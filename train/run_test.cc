// Runs that are broken off and go on, in their folder: the same files as if never broken off, or a clear no.

#include "train/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/safetensors/safetensors.h"
#include "data/loaders/files_for_tests.h"
#include "train/small_run_for_tests.h"
#include "training/checkpoint.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

using Resume = Unbroken;
using testing::AllOf;
using testing::ElementsAre;
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

// It matters when a pipeline of late gradients is drained: a stop waits until that is due, and the run goes on to the unbroken one's files.
TEST(LateGradients, AStopWaitsForTheNextCheckpoint) {
  TrainConfig config = Small(FreshPath("late-unbroken"));
  config.learner = "petra";
  config.network = "revnet18";
  config.width = 2;
  config.head = "linear";
  config.batch_size = 4;  // 13 steps an epoch
  config.checkpoint_every = 5;
  config.probe_every = 7;
  ASSERT_TRUE(TryToRun(config).ok());
  const std::string expected = Result(config.out);
  config.out = FreshPath("late-stopped");
  config.resume = true;
  std::vector<std::string> stops;
  absl::Status status;
  while (absl::IsCancelled(status = TryToRun(config, nullptr, [] { return true; }))) {
    stops.push_back(std::string(status.message().substr(0, status.message().find(';'))));
  }
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(stops, ElementsAre("stopped after step 5 of 13 in epoch 1", "stopped after step 10 of 13 in epoch 1",
                                 "stopped after step 13 of 13 in epoch 1", "stopped after epoch 1",
                                 "stopped after step 2 of 13 in epoch 2", "stopped after step 7 of 13 in epoch 2",
                                 "stopped after step 12 of 13 in epoch 2", "stopped after step 13 of 13 in epoch 2",
                                 "stopped after epoch 2"));
  EXPECT_TRUE(Result(config.out) == expected);
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

// As on another machine: the training is worth more than its bits, and they are told.
TEST_F(Resume, GoesOnWithOtherThreadsChunksAndLooks) {
  TrainConfig config = Small(FreshPath("elsewhere"));
  ASSERT_TRUE(absl::IsCancelled(TryToRun(config, nullptr, [] { return true; })));
  config.resume = true;
  config.threads = 2;
  config.chunk = 1;
  config.probe_every = 0;
  testing::internal::CaptureStderr();
  const absl::Status status = TryToRun(config);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("goes on with --threads=2 instead of 1, --chunk=1 instead of 0, so its bits may differ"));
  const auto kept = nlohmann::json::parse(ReadFile(config.out + "/config.json").value());
  EXPECT_EQ(kept["settings"]["threads"], 2);
}

TEST_F(Resume, BecomesLongerWhereTheScheduleAllowsIt) {
  TrainConfig config = Small(FreshPath("longer"));
  config.schedule = "constant";
  config.epochs = 3;
  ASSERT_TRUE(TryToRun(config).ok());
  const std::string expected = Result(config.out);
  config.out = FreshPath("short");
  config.epochs = 1;
  ASSERT_TRUE(TryToRun(config).ok());
  config.epochs = 3;
  config.resume = true;
  const absl::Status status = TryToRun(config);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Result(config.out) == expected);
  config.epochs = 1;
  EXPECT_THAT(std::string(TryToRun(config).message()), HasSubstr("does not fit this run of 1 epochs"));
  config = Small(testing::TempDir() + "/unbroken");
  config.epochs = 6;
  config.resume = true;
  EXPECT_THAT(std::string(TryToRun(config).message()),
              AllOf(HasSubstr("--epochs was 2 and is 6, and --schedule=cosine plans the learning rate"),
                    HasSubstr("--weights")));
}

// How good a run's weights are, told without training; and a run that begins with them where they got to.
TEST_F(Resume, WeightsOfARunAreEvaluatedAndTrainedOn) {
  const std::string folder = testing::TempDir() + "/unbroken";
  TrainConfig config = Small(FreshPath("evaluated"));
  config.weights = folder + "/weights.safetensors";
  config.epochs = 0;
  config.checkpoint_every = 0;
  std::string told;
  ASSERT_TRUE(TryToRun(config, &told).ok()) << told;
  EXPECT_THAT(told, AllOf(HasSubstr("Validation part of the training set:\n  depth  accuracy"),
                          HasSubstr("Test set:\n  depth  accuracy")));
  const auto expected = nlohmann::json::parse(ReadFile(folder + "/summary.json").value());
  const auto found = nlohmann::json::parse(ReadFile(config.out + "/summary.json").value());
  for (const char* metric : {"test_accuracy", "test_divergence"}) EXPECT_EQ(found[metric], expected[metric]);
  config.out = FreshPath("trained-on");
  config.epochs = 1;
  config.learning_rate = 1e-12;
  ASSERT_TRUE(TryToRun(config).ok());
  const auto after = nlohmann::json::parse(ReadFile(config.out + "/summary.json").value());
  for (int depth = 0; depth < 2; ++depth)
    EXPECT_NEAR(after["test_divergence"][depth], expected["test_divergence"][depth].get<double>(), 1e-6);
}

TEST_F(Resume, WeightsThatDoNotFitAreToldOneByOne) {
  const auto error = [](TrainConfig config, const std::string& weights) {
    config.weights = weights;
    config.out.clear();
    config.checkpoint_every = 0;
    return std::string(TryToRun(config).message());
  };
  const std::string folder = testing::TempDir() + "/unbroken", weights = folder + "/weights.safetensors";
  TrainConfig deeper = Small("");
  deeper.depth = 3;
  EXPECT_THAT(error(deeper, weights), AllOf(HasSubstr("heads.1.hidden_bias is 2 x 8, not 3 x 8; "),
                                            HasSubstr("heads.1.output_bias is 2 x 10, not 3 x 10"),
                                            HasSubstr("it was written with --learner=sid, --dataset=mnist, --network="),
                                            HasSubstr("--depth=2"), Not(HasSubstr("blocks"))));
  TrainConfig residual = Small("");
  residual.belief_update = "residual";
  EXPECT_THAT(error(residual, weights),
              HasSubstr("are of a network of --belief_update=replace, and this is one of residual"));
  TrainConfig scaled = Small("");
  scaled.feature_scale = 0.125;
  EXPECT_THAT(error(scaled, weights), HasSubstr("are of a network of --feature_scale=1, and this is one of 0.125"));
  EXPECT_THAT(error(Small(""), folder + "/checkpoints/epoch-000003-step-000000000.safetensors"),
              HasSubstr("is a checkpoint, which --resume goes on from; a run's weights.safetensors is needed"));
  SafetensorsFile file = LoadSafetensors(weights).value();
  for (NamedTensor& named : file.tensors) named.name += named.name == "heads.1.output_bias" ? "_" : "";
  const std::string renamed = testing::TempDir() + "/renamed.safetensors";
  ASSERT_TRUE(SaveSafetensors(renamed, file.tensors, {}).ok());
  EXPECT_THAT(error(Small(""), renamed),
              AllOf(HasSubstr("it has no heads.1.output_bias; heads.1.output_bias_ is none of this network's")));
}

// People tidy folders up.
TEST_F(Resume, ALogThatIsGoneOrCutIsNoReasonToLoseTheTraining) {
  const std::string stopped = FreshPath("stopped");
  TrainConfig config = Small(stopped);
  ASSERT_TRUE(absl::IsCancelled(TryToRun(config, nullptr, [asked = 0]() mutable { return ++asked == 4; })));
  config.resume = true;
  for (const std::string log : {"/events.out.tfevents.sid", "/metrics.jsonl"}) {
    for (const bool cut : {false, true}) {
      config.out = FreshPath("tidied");
      fs::copy(stopped, config.out, fs::copy_options::recursive);
      fs::resize_file(config.out + log, 10);
      if (!cut) fs::remove(config.out + log);
      testing::internal::CaptureStderr();
      const absl::Status status = TryToRun(config);
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_THAT(testing::internal::GetCapturedStderr(),
                  HasSubstr(config.out + log + " has " + (cut ? "10" : "0") + " bytes and had "));
      EXPECT_EQ(ReadFile(config.out + "/weights.safetensors").value(),
                ReadFile(testing::TempDir() + "/unbroken/weights.safetensors").value());
      EXPECT_EQ(fs::exists(config.out + log + ".incomplete"), cut);
      EXPECT_GT(fs::file_size(config.out + log), 40u) << "what followed";
    }
  }
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
