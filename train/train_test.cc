// The program as a user meets it: exit codes, help, and the folder it writes.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/command_line/command_for_tests.h"
#include "base/files.h"
#include "base/safetensors/safetensors.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

Outcome RunTrain(const std::string& flags) { return RunCommand("train/train " + flags); }

// A folder that is not there yet.
std::string FreshPath(const std::string& name) { return NewFolder() + "/" + name; }

// Flags of a run that takes a moment.
std::string SmallRun() {
  const std::string folder = testing::TempDir() + "/digits";
  WriteMnist(folder, 60, 20);
  return "--dataset=mnist --data_dir=" + folder +
         " --validation_fraction=0.2 --depth=2 --epochs=2 --hidden=16 --features=16 --device=cpu --threads=1 ";
}

// Anything may lie in the folder, under names that look like what a killed run leaves.
TEST(Train, LeavesAStrangersFilesAlone) {
  const std::string folder = NewFolder();
  ASSERT_TRUE(CreateFolder(folder + "/checkpoints").ok());
  // The last is a run's, but a folder that never held a run may hold another program's.
  const std::vector<std::string> strangers = {"/film.part-2", "/checkpoints/film.part-2", "/config.json.part-7"};
  for (const std::string& name : strangers) ASSERT_TRUE(WriteFileAtomically(folder + name, "reel two").ok());
  EXPECT_EQ(RunTrain(SmallRun() + "--out=" + folder).code, 0);
  for (const std::string& name : strangers) EXPECT_EQ(ReadFile(folder + name).value(), "reel two") << name;
  const std::string half = "/checkpoints/epoch-000003-step-000000000.safetensors.part-9";
  ASSERT_TRUE(WriteFileAtomically(folder + half, "").ok());
  EXPECT_EQ(RunTrain(SmallRun() + "--resume --out=" + folder).code, 0);
  for (const std::string& name : {strangers[0], strangers[1]}) EXPECT_TRUE(ReadFile(folder + name).ok()) << name;
  for (const std::string& name : {strangers[2], half}) EXPECT_FALSE(ReadFile(folder + name).ok()) << name;
}

TEST(Train, HelpShowsThisProgramsFlagsAndNoOthers) {
  const Outcome help = RunTrain("--help");
  EXPECT_EQ(help.code, 0);
  for (const std::string flag :
       {"learner", "dataset", "data_dir", "depth", "epochs", "batch_size", "alpha", "divergence", "smoothing",
        "label_noise", "optimizer", "lr", "seed", "device", "out"}) {
    EXPECT_NE(help.text.find("--" + flag), std::string::npos) << flag;
  }
  EXPECT_EQ(help.text.find("logtostderr"), std::string::npos);
}

TEST(Train, ATildeIsTheHome) {
  const std::string home = NewFolder();
  const Outcome outcome = RunCommand("HOME=" + home + " train/train " + SmallRun() + "--out=~/runs/one");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(std::filesystem::exists(home + "/runs/one/summary.json"));
}

TEST(Train, BadInputIsOneLineAndExitCode2) {
  const std::string file = testing::TempDir() + "/a-file";
  ASSERT_TRUE(WriteFileAtomically(file, "").ok());
  for (const std::string& flags :
       {std::string("--dept=3"), std::string("--depth=three"), std::string("--learner=sit"), std::string("extra"),
        std::string("--probe_every=-1"), SmallRun() + "--out=" + file + "/below"}) {
    const Outcome outcome = RunTrain(flags);
    EXPECT_EQ(outcome.code, 2) << flags << "\n" << outcome.text;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
  }
}

TEST(Train, NumbersThatAreNotFiniteAreOneLineAndExitCode1) {
  const Outcome outcome = RunTrain(SmallRun() + "--lr=1e30");
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("train: update: the norm of blocks.1.weight is inf at epoch 1, step 1"),
            std::string::npos)
      << outcome.text;
}

void CheckRunFolder(const std::string& folder) {
  const auto config = nlohmann::json::parse(ReadFile(folder + "/config.json").value());
  EXPECT_EQ(config["settings"]["depth"], 2);
  EXPECT_EQ(config["settings"]["augmentation"], "crop");
  EXPECT_TRUE(config["machine"].contains("processor"));
  std::istringstream metrics(ReadFile(folder + "/metrics.jsonl").value());
  int64_t epoch = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto record = nlohmann::json::parse(line);
    EXPECT_EQ(record["epoch"], ++epoch);
    EXPECT_TRUE(record["train_loss"].is_number());
    EXPECT_GT(record["seconds"], 0);
    EXPECT_EQ(record["validation_accuracy"].size(), 2u);
    EXPECT_EQ(record["validation_divergence"].size(), 2u);
  }
  EXPECT_EQ(epoch, 2);
  const auto summary = nlohmann::json::parse(ReadFile(folder + "/summary.json").value());
  EXPECT_EQ(summary["test_accuracy"].size(), 2u);
  EXPECT_GE(summary["best_epoch"], 1);
  std::set<std::string> names;
  const SafetensorsFile weights = LoadSafetensors(folder + "/weights.safetensors").value();
  for (const NamedTensor& weight : weights.tensors) names.insert(weight.name);
  EXPECT_EQ(weights.metadata.at("format"), "pt") << "Python's accelerate reads no other";
  EXPECT_GT(ReadFile(folder + "/events.out.tfevents.sid").value().size(), 300u) << "without probes too";
  EXPECT_TRUE(names.count("blocks.1.weight") == 1 && names.count("heads.1.output_bias") == 1);
}

TEST(Train, WritesItsFolderOnceAndTheSameBitsEveryTime) {
  const std::string first = FreshPath("first"), second = first + "-again";
  const Outcome outcome = RunTrain(SmallRun() + "--out=" + first);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("depth  accuracy  divergence"), std::string::npos) << outcome.text;
  CheckRunFolder(first);
  const Outcome again = RunTrain(SmallRun() + "--out=" + first);
  EXPECT_EQ(again.code, 2);
  EXPECT_NE(again.text.find("holds a run already"), std::string::npos) << again.text;
  ASSERT_EQ(RunTrain(SmallRun() + "--out=" + second).code, 0);
  EXPECT_EQ(ReadFile(first + "/weights.safetensors").value(), ReadFile(second + "/weights.safetensors").value());
}

struct Sent {
  std::string after;  // a text that the program has shown by then
  int signal;
};

constexpr char kEpoch[] = "/100000  loss", kFirstSeen[] = "a second Ctrl-C or SIGTERM leaves at once";

// Starts a run, sends each signal in turn as soon as its text is there, and waits for the end. Signals of one kind that wait
// are one: the second is sent when the first has been seen.
Outcome Interrupt(const std::string& flags, const std::vector<Sent>& signals, const std::string& before = "") {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    const std::string command = before + "exec train/train " + flags;
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  Outcome outcome;
  char buffer[4096];
  auto next = signals.begin();
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    outcome.text.append(buffer, count);
    for (; next != signals.end() && outcome.text.find(next->after) != std::string::npos; ++next)
      kill(child, next->signal);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

TEST(Signals, TheFirstKeepsTheStepAndSaysHowToGoOn) {
  for (const auto& [signal, code] :
       {std::pair(SIGINT, 130), std::pair(SIGTERM, 143), std::pair(SIGHUP, 129), std::pair(SIGUSR1, 138),
        std::pair(SIGUSR2, 140), std::pair(SIGXCPU, 152), std::pair(SIGPIPE, 141)}) {
    const std::string out = FreshPath(std::to_string(code));
    const std::string flags = SmallRun() + "--epochs=100000 --schedule=constant --out=" + out;
    const Outcome outcome = Interrupt(flags, {{kEpoch, signal}});
    EXPECT_EQ(outcome.code, code) << outcome.text;
    EXPECT_NE(outcome.text.find("the same command with --resume goes on from there"), std::string::npos)
        << outcome.text;
    const Outcome resumed = Interrupt(flags + " --resume", {{kEpoch, signal}});
    EXPECT_EQ(resumed.code, code) << resumed.text;
  }
}

// The kernel and the shell both send SIGHUP when a connection drops, and a batch system's warning comes before its SIGTERM.
TEST(Signals, OnlyASecondThatIsMeantSoLeavesAtOnce) {
  for (const int second : {SIGHUP, SIGTERM}) {
    const std::string flags =
        SmallRun() + "--epochs=100000 --schedule=constant --out=" + FreshPath(std::to_string(second));
    const Outcome outcome = Interrupt(flags, {{kEpoch, SIGHUP}, {kFirstSeen, second}});
    EXPECT_EQ(outcome.code, 129) << outcome.text;
    EXPECT_NE(outcome.text.find("--resume goes on from there"), std::string::npos) << outcome.text;
  }
}

// As nohup and a script's background job have it: the run ends by what it does not ignore.
TEST(Signals, WhatWasIgnoredStaysIgnored) {
  for (const auto& [name, signal] : {std::pair("HUP", SIGHUP), std::pair("INT", SIGINT)}) {
    const std::string flags = SmallRun() + "--epochs=100000 --schedule=constant";
    const Outcome outcome =
        Interrupt(flags, {{kEpoch, signal}, {"2/100000  loss", SIGTERM}}, absl::StrCat("trap '' ", name, "; "));
    EXPECT_EQ(outcome.code, 143) << outcome.text;
  }
}

TEST(Signals, ASecondLeavesAtOnceWithAWholeCheckpoint) {
  const std::string out = FreshPath("twice");
  const std::string flags = SmallRun() + "--epochs=100000 --checkpoint_every=1 --out=" + out;
  EXPECT_EQ(Interrupt(flags, {{kEpoch, SIGTERM}, {kFirstSeen, SIGTERM}}).code, 143);
  const Outcome resumed = Interrupt(flags + " --resume", {{kEpoch, SIGTERM}});
  EXPECT_EQ(resumed.code, 143);
  EXPECT_NE(resumed.text.find("goes on from epoch"), std::string::npos) << resumed.text;
  EXPECT_EQ(resumed.text.find("is damaged"), std::string::npos) << resumed.text;
}

// The first step cannot end, as its metrics go into a pipe that nobody reads: only the second signal's own way out is left.
TEST(Signals, ASecondLeavesThoughTheStepCannotEnd) {
  for (const auto& [first, second, code] : {std::tuple(SIGINT, SIGTERM, 143), std::tuple(SIGTERM, SIGINT, 130)}) {
    const std::string out = NewFolder();
    ASSERT_EQ(mkfifo((out + "/metrics.jsonl").c_str(), 0600), 0);
    const Outcome outcome =
        Interrupt(SmallRun() + "--probe_every=1 --out=" + out, {{"seed 1", first}, {kFirstSeen, second}});
    EXPECT_EQ(outcome.code, code) << outcome.text;
    EXPECT_EQ(outcome.text.find("--resume goes on"), std::string::npos) << outcome.text;
  }
}

TEST(Signals, WithoutAFolderTheySayThatNothingWasKept) {
  const Outcome outcome = Interrupt(SmallRun() + "--epochs=100000", {{kEpoch, SIGINT}});
  EXPECT_EQ(outcome.code, 130);
  EXPECT_NE(outcome.text.find("nothing was kept, as there is no --out=DIR"), std::string::npos) << outcome.text;
}

// The last line of a run that fails, which names what cannot be written; the code is 1.
void ExpectCannotWrite(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  const size_t last = outcome.text.rfind('\n', outcome.text.size() - 2) + 1;
  EXPECT_EQ(outcome.text.find("train: ", last), last) << outcome.text;
  EXPECT_NE(outcome.text.find("cannot write", last), std::string::npos) << outcome.text;
}

// A real disk of 64 kB: the first checkpoint does not fit.
TEST(Faults, AFullDiskIsOneLineAndExitCode1) {
  const std::string disk = NewFolder();
  const std::string flags = SmallRun() + "--out=" + disk + "/run";
  const Outcome outcome = RunCommand("unshare -rm sh -c 'mount -t tmpfs -o size=64k none " + disk +
                                     " && exec train/train " + flags + " || exit 99'");
  if (outcome.code == 99 || outcome.code == 127)
    GTEST_SKIP() << "this machine lets nobody mount a tmpfs: " << outcome.text;
  ExpectCannotWrite(outcome);
  EXPECT_NE(outcome.text.find("No space left on device"), std::string::npos) << outcome.text;
}

// A real limit of a file's size, 512 KiB, which needs no right to mount; half of what the weights need, and more than the files that
// compilers' instruments write.
TEST(Faults, AFileThatMayNotGrowIsOneLineAndExitCode1) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer keeps what it knows of constants in a file, which could not grow either";
#endif
  ExpectCannotWrite(RunCommand("sh -c 'trap \"\" XFSZ; ulimit -f 1024; exec train/train " + SmallRun() +
                               "--out=" + FreshPath("limited") + "'"));
}

TEST(Faults, MetricsOnAFullDeviceAreOneLineAndExitCode1) {
  const std::string out = NewFolder();
  std::filesystem::create_symlink("/dev/full", out + "/metrics.jsonl");
  ExpectCannotWrite(RunTrain(SmallRun() + "--out=" + out));
}

TEST(Faults, OutOfMemoryNamesWhatToTry) {
  const Outcome outcome = RunTrain(SmallRun() + "--hidden=100000000000");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.text.find("out of memory on cpu with --batch_size=32 and --depth=2: try --batch_size=16, or "
                              "--depth=1"),
            std::string::npos)
      << outcome.text;
}

TEST(Faults, ABrokenNewestCheckpointIsNamedAndTheOneBeforeIsUsed) {
  const std::string out = FreshPath("broken"), flags = SmallRun() + "--out=" + out;
  ASSERT_EQ(RunTrain(flags).code, 0);
  const std::string weights = ReadFile(out + "/weights.safetensors").value();
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(out + "/checkpoints")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  ASSERT_EQ(paths.size(), 2u);
  ASSERT_TRUE(CutFile(paths.back(), 1000).ok());
  const Outcome resumed = RunTrain(flags + " --resume");
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_NE(resumed.text.find(paths.back()), std::string::npos) << resumed.text;
  EXPECT_NE(resumed.text.find("the checkpoint before it is tried"), std::string::npos) << resumed.text;
  EXPECT_EQ(ReadFile(out + "/weights.safetensors").value(), weights);
}

TEST(Faults, RollbacksAreToldAndEnd) {
  const Outcome outcome = RunTrain(SmallRun() + "--lr=1e30 --on_nan=rollback --out=" + FreshPath("rollback"));
  EXPECT_EQ(outcome.code, 1);
  for (const std::string expected : {"rollback 1 of 3: back to epoch 1, step 0, and on with 0.5 of the learning rate",
                                     "rollback 3 of 3", "3 rollbacks, each to half the learning rate, did not help"}) {
    EXPECT_NE(outcome.text.find(expected), std::string::npos) << expected << "\n" << outcome.text;
  }
}

// What a probe looks at must not change what is trained.
TEST(Train, ProbesGoIntoMetricsAndLeaveTheWeightsAsTheyAre) {
  const std::string plain = FreshPath("plain"), probed = plain + "-probed";
  ASSERT_EQ(RunTrain(SmallRun() + "--out=" + plain).code, 0);
  const Outcome outcome = RunTrain(SmallRun() + "--probe_every=2 --out=" + probed);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(ReadFile(plain + "/weights.safetensors").value(), ReadFile(probed + "/weights.safetensors").value());
  std::istringstream metrics(ReadFile(probed + "/metrics.jsonl").value());
  std::vector<int64_t> probes;
  int64_t epochs = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto record = nlohmann::json::parse(line);
    epochs += record.contains("epoch") ? 1 : 0;
    if (!record.contains("probe")) continue;
    probes.push_back(record["probe"]);
    EXPECT_EQ(record["divergence"].size(), 3u);
    EXPECT_EQ(record["staleness"].size(), 2u);
    EXPECT_LE(record["largest_excess"], 1e-9);
    EXPECT_EQ(record["cosine"].size(), 2u);
  }
  EXPECT_EQ(epochs, 2);
  EXPECT_EQ(probes, (std::vector<int64_t>{0, 2}));
  EXPECT_GT(ReadFile(probed + "/events.out.tfevents.sid").value().size(), 500u);
}

TEST(Train, AFailureThatAProbeSeesIsToldInOneLineWithAHint) {
  const Outcome outcome = RunTrain(SmallRun() + "--probe_every=1 --lr=3 --batch_size=8 --warmup_epochs=0");
  EXPECT_NE(outcome.text.find("lower the learning rate"), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace sid
