// Real runs of a few steps each: what is written, what a second call repeats, and the command line.

#include "reproducibility/experiments/experiment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/command_line/command_for_tests.h"
#include "base/files.h"
#include "base/lock.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

ExperimentHooks Hooks() {
  ExperimentHooks hooks;
  hooks.clock = [time = 0.0]() mutable { return time += 1; };
  return hooks;
}

// Two learners on a few digits.
Plan SmallPlan() {
  const std::string data = testing::TempDir() + "/digits";
  WriteMnist(data, 100, 20);
  Plan plan;
  for (const char* learner : {"sid", "bp-chain"}) {
    TrainConfig config{
        .learner = learner, .dataset = "mnist", .data_dir = data, .depth = 2, .hidden = 8, .features = 8};
    config.train_images = 60;
    config.epochs = 1;
    config.device = "cpu";
    plan.runs.push_back(config);
  }
  return plan;
}

std::vector<bool> RunAndCountKept(const Plan& plan, const std::string& folder) {
  ExperimentHooks hooks = Hooks();
  std::vector<bool> kept;
  hooks.on_end = [&](size_t, const nlohmann::ordered_json&, bool was_kept) { kept.push_back(was_kept); };
  EXPECT_TRUE(RunPlan(plan, folder, hooks).ok());
  return kept;
}

TEST(RunPlan, RunsWhatIsNotThereAndNothingTwice) {
  const std::string folder = NewFolder();
  Plan plan = SmallPlan();
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  // Another device, folder or number of threads is no other result; an interruption is a file that is not there.
  plan.runs[0].threads = 1;
  std::filesystem::remove(folder + "/" + ResultName(plan.runs[1]));
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{true, false}));
  plan.runs[0].seed = 2;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, true}));
}

TEST(RunPlan, AResultSaysEverythingButWhereItWasMade) {
  const std::string folder = NewFolder();
  Plan plan = SmallPlan();
  plan.runs.resize(1);
  ASSERT_TRUE(RunPlan(plan, folder, Hooks()).ok());
  const auto result = ReadResult(folder, plan.runs[0]).value();
  EXPECT_EQ(result["test"]["accuracy"].size(), 2u);
  EXPECT_EQ(result["theory"]["divergence"].size(), 3u);
  EXPECT_LE(result["theory"]["largest_excess"], 1e-9);
  EXPECT_NEAR(result["theory"]["divergence"][2], result["test"]["divergence"][1], 1e-5);
  EXPECT_EQ(result["settings"]["train_images"], 60);
  EXPECT_EQ(result["epochs"].size(), 1u);
  EXPECT_TRUE(result["machine"].contains("processor"));
  const std::string text = result.dump();
  EXPECT_EQ(text.find(folder), std::string::npos);
  EXPECT_EQ(text.find("data_dir"), std::string::npos);
  EXPECT_NE(ResultRow(result).find("sid"), std::string::npos);
}

TEST(RunPlan, TheTimeThatKeptRunsTookSaysWhatStillFits) {
  const std::string folder = NewFolder();
  Plan plan = SmallPlan(), first = plan;
  first.runs.resize(1);
  // By the estimate a run takes 14 seconds; by this clock, thousands.
  const auto slow = [time = 0.0]() mutable { return time += 1000; };
  ASSERT_TRUE(RunPlan(first, folder, {.clock = slow}).ok());
  const auto left_out = [&] {
    Pace pace(1100);  // the clock has said 1000 when the second run asks
    std::vector<size_t> left;
    ExperimentHooks hooks{.clock = slow, .pace = &pace};
    hooks.on_left_out = [&](size_t index) { left.push_back(index); };
    EXPECT_TRUE(RunPlan(plan, folder, hooks).ok());
    return left;
  };
  EXPECT_EQ(left_out(), (std::vector<size_t>{1}));
  // Made elsewhere it teaches nothing.
  const std::string path = folder + "/" + ResultName(plan.runs[0]);
  auto result = ReadResult(folder, plan.runs[0]).value();
  result["machine"]["processor"] = "another";
  Seal(result);
  ASSERT_TRUE(WriteFileAtomically(path, result.dump()).ok());
  EXPECT_EQ(left_out(), (std::vector<size_t>{}));
}

TEST(RunPlan, LeavesARunToWhoeverIsAtWorkOnIt) {
  const std::string folder = NewFolder();
  const Plan plan = SmallPlan();
  const std::string running = folder + "/" + ResultName(plan.runs[0]) + ".running";
  ASSERT_TRUE(CreateFolder(running).ok());
  auto lock = LockFolder(running).value();
  ExperimentHooks hooks = Hooks();
  hooks.if_locked = IfLocked::kFail;
  std::vector<size_t> left, made;
  hooks.on_left_out = [&](size_t index) { left.push_back(index); };
  hooks.on_end = [&](size_t index, const nlohmann::ordered_json&, bool) { made.push_back(index); };
  ASSERT_TRUE(RunPlan(plan, folder, hooks).ok());
  EXPECT_EQ(left, (std::vector<size_t>{0}));
  EXPECT_EQ(made, (std::vector<size_t>{1}));
  // It ended without a result, as a killed one does.
  lock.reset();
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, true}));
  EXPECT_FALSE(std::filesystem::exists(running));
}

// A probe changes no weight, but what it saw belongs to the result: the run that was not probed cannot stand in for it.
TEST(RunPlan, AProbedRunSaysHowFarItsTeachersMoved) {
  const std::string folder = NewFolder();
  Plan plan = SmallPlan();
  plan.runs[1] = plan.runs[0];
  plan.runs[1].probe_every = 1;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  const auto plain = ReadResult(folder, plan.runs[0]).value(), probed = ReadResult(folder, plan.runs[1]).value();
  EXPECT_EQ(plain["test"], probed["test"]);
  EXPECT_FALSE(plain.contains("staleness"));
  EXPECT_EQ(probed["staleness"]["probes"], 2);  // 54 images in batches of 32
  ASSERT_EQ(probed["staleness"]["mean"].size(), 2u);
  EXPECT_EQ(probed["staleness"]["mean"][0], 0);  // the uniform belief never moves
  EXPECT_GT(probed["staleness"]["mean"][1], 0);
}

TEST(RunPlan, ALossThatIsNotFiniteIsAResult) {
  const std::string folder = NewFolder();
  Plan plan = SmallPlan();
  plan.runs[0].learning_rate = 1e30;
  EXPECT_EQ(RunAndCountKept(plan, folder), (std::vector<bool>{false, false}));
  const auto result = ReadResult(folder, plan.runs[0]).value();
  EXPECT_NE(result["failed"].get<std::string>().find("a learning rate of 1e+30"), std::string::npos);
  EXPECT_NE(ResultRow(result).find("failed: "), std::string::npos);
}

TEST(ReadResult, ADamagedFileIsAnErrorThatNamesIt) {
  const std::string folder = NewFolder();
  const TrainConfig config = SmallPlan().runs[0];
  EXPECT_TRUE(absl::IsNotFound(ReadResult(folder, config).status()));
  for (const std::string text : {"{\"settings\": ", "[1]", "{\"settings\": {\"depth\": 3}}"}) {
    ASSERT_TRUE(WriteFileAtomically(folder + "/" + ResultName(config), text).ok());
    const auto result = ReadResult(folder, config);
    EXPECT_NE(result.status().message().find(ResultName(config)), absl::string_view::npos) << text;
    EXPECT_EQ(RunPlan(SmallPlan(), folder, Hooks()).message(), result.status().message());
  }
}

Outcome RunMain(const std::string& flags) { return RunCommand("reproducibility/experiments/experiment " + flags); }

TEST(Experiment, BadInputIsOneLineAndExitCode2) {
  for (const std::string flags : {"--name=dept --out=x", "--name=depth", "--name=depth --budget=-1 --out=x",
                                  "--name=depth --budget=0.1 --out=x", "--nam=depth"}) {
    const Outcome outcome = RunMain(flags);
    EXPECT_EQ(outcome.code, 2) << flags << "\n" << outcome.text;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
  }
  const Outcome no_data = RunMain("--name=depth --out=" + NewFolder());
  EXPECT_EQ(no_data.code, 2);
  EXPECT_NE(no_data.text.find("data_dir"), std::string::npos) << no_data.text;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Experiment, TwoCallsAtOnceMakeEachRunOnce) {
  const std::string data = testing::TempDir() + "/digits-for-two", out = NewFolder();
  WriteMnist(data, 600, 20);
  const std::string command =
      "reproducibility/experiments/experiment --name=divergence --dataset=mnist --budget=0.5 --images_per_second=1000 "
      "--device=cpu --threads=1 --data_dir=" +
      data + " --out=" + out;
  const Outcome both = RunCommand(command + " & " + command + "; wait");
  size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(out)) ++files;
  EXPECT_EQ(Count(both.text, "(kept)"), files) << both.text;
  EXPECT_GT(files, 1u);
}

// Killed while its second run goes on: the first one is kept, the others are run, and nothing half written is left.
TEST(Experiment, AKilledCallGoesOnWithTheRunItWasIn) {
  const std::string data = testing::TempDir() + "/digits-to-be-killed-with", out = NewFolder();
  WriteMnist(data, 600, 20);
  const std::string command =
      "reproducibility/experiments/experiment --name=divergence --dataset=mnist --budget=0.5 --images_per_second=1000 "
      "--device=cpu --threads=1 --data_dir=" +
      data + " --out=" + out;
  const std::string pipe = out + ".lines";
  // What it will do, the table's head, the first run's row: by then that run's file is there.
  const Outcome killed = RunCommand("mkfifo " + pipe + "; " + command + " > " + pipe +
                                    " & { read a; read b; read c; kill -9 $!; } < " + pipe + "; wait $!");
  EXPECT_EQ(killed.code, 128 + 9) << killed.text;
  const Outcome resumed = RunCommand(command);
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_EQ(Count(resumed.text, "(kept)"), 1u) << resumed.text;
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(out)) files.push_back(file.path().filename().string());
  EXPECT_EQ(files.size(), 4u) << testing::PrintToString(files);
}

TEST(Experiment, HelpShowsItsFlags) {
  const Outcome help = RunMain("--help");
  EXPECT_EQ(help.code, 0);
  for (const std::string flag : {"--name", "--budget", "--data_dir", "--out"}) {
    EXPECT_NE(help.text.find(flag), std::string::npos) << flag;
  }
}

}  // namespace
}  // namespace sid
