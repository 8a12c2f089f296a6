// The program as a user meets it: exit codes, help, and the folder it writes.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "sid/checkpoint/safetensors.h"

namespace sid {
namespace {

struct Outcome {
  int code = -1;
  std::string text;  // standard output and error together
};

Outcome RunTrain(const std::string& flags) {
  const std::string command = "train/train " + flags + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Outcome outcome;
  char buffer[4096];
  while (const size_t count = fread(buffer, 1, sizeof(buffer), pipe)) outcome.text.append(buffer, count);
  const int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

// A folder that is not there yet.
std::string FreshPath(const std::string& name) { return NewFolder() + "/" + name; }

// Flags of a run that takes a moment.
std::string SmallRun() {
  const std::string folder = testing::TempDir() + "/digits";
  WriteMnist(folder, 60, 20);
  return "--dataset=mnist --data_dir=" + folder +
         " --validation_fraction=0.2 --depth=2 --epochs=2 --hidden=16 --features=16 --device=cpu --threads=1 ";
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

TEST(Train, ALossThatIsNotFiniteIsOneLineAndExitCode1) {
  const Outcome outcome = RunTrain(SmallRun() + "--lr=1e30");
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  EXPECT_NE(outcome.text.find("train: the loss of module"), std::string::npos) << outcome.text;
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
  EXPECT_TRUE(names.count("extractor.1.weight") == 1 && names.count("cascade.output_bias") == 1);
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
