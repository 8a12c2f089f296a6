#include "training/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <tuple>

#include "base/files.h"
#include "base/safetensors/safetensors.h"

namespace sid {
namespace {

std::string TemporaryPath(const std::string& name) { return testing::TempDir() + "/" + name; }

Checkpoint Example() {
  Checkpoint checkpoint;
  checkpoint.state = {.epoch = 3, .step = 17, .rollbacks = 1, .seconds = 1.0 / 3};
  checkpoint.state.losses = {.steps = 17, .images = 500, .correct = 123, .sums = {0.1, 1e-300, 2.0 / 3}};
  checkpoint.state.best = {2, 0.1 + 0.2, {{"w", at::arange(6, at::kFloat).view({2, 3}) / 7}}};
  checkpoint.state.tensors = {{"weights.w", at::arange(6, at::kFloat).view({2, 3})},
                              {"optimizer.steps", at::zeros({}) + 17}};
  checkpoint.settings = {{"depth", "4"}, {"alpha", "1:0.5"}};
  checkpoint.outputs = {{"metrics.jsonl", 1234}};
  return checkpoint;
}

TEST(Checkpoint, HoldsEverythingToTheBit) {
  const std::string path = TemporaryPath("whole");
  const Checkpoint written = Example();
  ASSERT_TRUE(SaveCheckpoint(path, written).ok());
  const auto read = LoadCheckpoint(path);
  ASSERT_TRUE(read.ok()) << read.status();
  const TrainingState &a = written.state, &b = read->state;
  EXPECT_EQ(std::tie(a.epoch, a.step, a.rollbacks, a.seconds), std::tie(b.epoch, b.step, b.rollbacks, b.seconds));
  EXPECT_EQ(std::tie(a.losses.steps, a.losses.images, a.losses.correct, a.losses.sums),
            std::tie(b.losses.steps, b.losses.images, b.losses.correct, b.losses.sums));
  EXPECT_EQ(std::tie(a.best.epoch, a.best.accuracy), std::tie(b.best.epoch, b.best.accuracy));
  EXPECT_EQ(b.best.weights[0].name, "w");
  EXPECT_TRUE(at::equal(a.best.weights[0].tensor, b.best.weights[0].tensor));
  std::vector<NamedTensor> targets = {{"optimizer.steps", at::zeros({})}, {"weights.w", at::zeros({2, 3})}};
  ASSERT_TRUE(CopyTensors(b.tensors, targets).ok());
  EXPECT_TRUE(at::equal(targets[1].tensor, a.tensors[0].tensor));
  EXPECT_EQ(written.settings, read->settings);
  EXPECT_EQ(written.outputs, read->outputs);
}

TEST(Checkpoint, NoticesEveryChangedBit) {
  const std::string path = TemporaryPath("changed");
  ASSERT_TRUE(SaveCheckpoint(path, Example()).ok());
  const std::string whole = ReadFile(path).value();
  for (size_t place = 0; place < whole.size(); ++place) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    ASSERT_TRUE(AppendToFile(path + "-x", "").ok() && CutFile(path + "-x", 0).ok());
    ASSERT_TRUE(AppendToFile(path + "-x", damaged).ok());
    const auto read = LoadCheckpoint(path + "-x");
    EXPECT_FALSE(read.ok()) << place;
    EXPECT_NE(read.status().message().find(path), absl::string_view::npos) << read.status();
  }
}

// The checksum only says that it is what was written.
TEST(Checkpoint, NumbersThatNoTrainingLeavesAreRefused) {
  const std::string path = TemporaryPath("numbers");
  const auto expect = [&](const std::string& expected, const std::function<void(TrainingState&)>& change) {
    Checkpoint checkpoint = Example();
    change(checkpoint.state);
    ASSERT_TRUE(SaveCheckpoint(path, checkpoint).ok());
    const absl::Status status = LoadCheckpoint(path).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << expected << " " << status;
    EXPECT_NE(status.message().find(": its " + expected + " cannot be of any training"), absl::string_view::npos)
        << status;
  };
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  expect("epoch", [](TrainingState& state) { state.epoch = 0; });
  expect("epoch", [](TrainingState& state) { state.epoch = kHuge; });
  expect("step", [](TrainingState& state) { state.step = state.losses.steps = kHuge; });
  expect("rollbacks", [](TrainingState& state) { state.rollbacks = kHuge; });
  expect("losses of as many steps", [](TrainingState& state) { state.losses.steps = kHuge; });
  expect("images", [](TrainingState& state) { state.losses.images = kHuge; });
  expect("correct images", [](TrainingState& state) { state.losses.correct = kHuge; });
  expect("best epoch", [](TrainingState& state) { state.best.epoch = kHuge; });
  expect("seconds", [](TrainingState& state) { state.seconds = -1; });
  expect("best epoch", [](TrainingState& state) { state.best.epoch = state.epoch; });
  expect("best epoch", [](TrainingState& state) { state.best.epoch = 0; });
  expect("best accuracy", [](TrainingState& state) { state.best.accuracy = 1.5; });
}

TEST(Checkpoint, OtherFilesAndVersionsAreNamed) {
  const std::string path = TemporaryPath("other");
  ASSERT_TRUE(SaveSafetensors(path, {}, {{"format_version", "3"}}).ok());
  EXPECT_EQ(LoadCheckpoint(path).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(LoadCheckpoint(path).status().message().find("is of checkpoint format 3, and this program reads 2"),
            absl::string_view::npos);
  ASSERT_TRUE(SaveSafetensors(path, {}, {{"format_version", "\n\033[2J"}}).ok());
  EXPECT_NE(LoadCheckpoint(path).status().message().find("format \\n\\x1b[2J,"), absl::string_view::npos)
      << LoadCheckpoint(path).status();
  ASSERT_TRUE(SaveSafetensors(path, {}, {{"learner", "sid"}}).ok());
  EXPECT_NE(LoadCheckpoint(path).status().message().find("is no checkpoint"), absl::string_view::npos);
}

// Whoever edits the metadata can compute the checksum anew.
std::string ErrorWith(const std::string& key, const std::string& value) {
  const std::string path = TemporaryPath("edited");
  EXPECT_TRUE(SaveCheckpoint(path, Example()).ok());
  SafetensorsFile file = LoadSafetensors(path).value();
  file.metadata[key] = value;
  file.metadata["sha256"] = CheckpointChecksum(file);
  EXPECT_TRUE(SaveSafetensors(path, file.tensors, file.metadata).ok());
  const absl::Status status = LoadCheckpoint(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  return std::string(status.message());
}

TEST(Checkpoint, MetadataOfAnotherShapeAreNamed) {
  for (const auto& [key, value, part] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"state", "", "in 'state', it is no JSON"},
           {"state", std::string(1'000'000, '['), "in 'state', it nests deeper"},
           {"state", "3", "in 'state', it is 3, expected an object"},
           {"state", R"({"epoch": 1e300})", "epoch is 1e+300, expected a whole number from 0 on"},
           {"state", R"({"epoch": -1})", "epoch is -1"},
           {"settings", R"({"depth": "4"})", "in 'settings', it is {\"depth\":\"4\"}, expected a list"},
           {"settings", R"([["depth"]])", "expected a list of at least 2"},
           {"settings", R"([["depth", 4]])", "[0][1] is 4, expected a text"},
           {"outputs", R"({"metrics.jsonl": -5})", "in 'outputs', metrics.jsonl is -5"},
           {"outputs", R"({"a": 1, "a": 2})", "it has 'a' twice"}}) {
    EXPECT_NE(ErrorWith(key, value).find(part), std::string::npos) << ErrorWith(key, value);
  }
}

TEST(CheckSettings, NamesTheFirstThatDiffers) {
  EXPECT_TRUE(CheckSettings({{"depth", "4"}}, {{"depth", "4"}}).ok());
  EXPECT_EQ(CheckSettings({{"depth", "4"}, {"alpha", "1"}}, {{"depth", "8"}, {"alpha", "0.5"}}).message(),
            "the checkpoint is of another run: depth was 4 and is 8");
  EXPECT_EQ(CheckSettings({{"depth", "4"}}, {}).message(),
            "the checkpoint is of another run: depth was 4 and is not set");
  EXPECT_EQ(CheckSettings({}, {{"depth", "8"}}).message(),
            "the checkpoint is of another run: depth was not set and is 8");
}

}  // namespace
}  // namespace sid
