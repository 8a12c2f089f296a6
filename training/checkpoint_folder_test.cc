// Whatever the disk does while a checkpoint is written, the one before is there, or the new one.

#include "training/checkpoint_folder.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "base/faulty_system_calls.h"
#include "base/files.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

std::string FreshFolder(const std::string& name) {
  std::string path = testing::TempDir() + "/" + name;
  fs::remove_all(path);
  return path;
}

Checkpoint AtStep(int64_t step) {
  Checkpoint checkpoint;
  checkpoint.state.step = checkpoint.state.losses.steps = checkpoint.state.losses.images = step;
  checkpoint.state.tensors = {{"weights.w", at::full({10, 10}, static_cast<double>(step), at::kFloat)}};
  return checkpoint;
}

int64_t CountFiles(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

// The step of the newest whole checkpoint, -1 without one; how many were found broken goes to `broken`.
int64_t NewestStep(const CheckpointFolder& folder, int64_t* broken = nullptr) {
  int64_t warnings = 0;
  const auto newest = folder.LoadNewest([&](const std::string&) { ++warnings; });
  if (broken != nullptr) *broken = warnings;
  return newest.ok() ? newest->state.step : -1;
}

TEST(CheckpointFolder, KeepsTheLastOnesAndGivesTheNewest) {
  const std::string path = FreshFolder("kept");
  const CheckpointFolder folder(path, 2);
  EXPECT_EQ(folder.LoadNewest([](const std::string&) {}).status().code(), absl::StatusCode::kNotFound);
  for (const int64_t step : {1, 20, 300}) ASSERT_TRUE(folder.Save(AtStep(step)).ok());
  EXPECT_EQ(CountFiles(path), 2);
  EXPECT_EQ(NewestStep(folder), 300);
}

TEST(CheckpointFolder, TheNewestIsSoByNumberAndOtherNamesCountForNothing) {
  const std::string path = FreshFolder("numbers");
  const CheckpointFolder folder(path, 1);
  for (const int64_t step : {999'999'999, 1'000'000'000}) ASSERT_TRUE(folder.Save(AtStep(step)).ok());
  EXPECT_EQ(NewestStep(folder), 1'000'000'000);
  EXPECT_EQ(CountFiles(path), 1);
  for (const char* name : {"/epoch-9-step-9.safetensors", "/epoch-000009-step-000000009-copy.safetensors"})
    ASSERT_TRUE(WriteFileAtomically(path + name, "mine").ok());
  int64_t broken = 0;
  EXPECT_EQ(NewestStep(folder, &broken), 1'000'000'000);
  EXPECT_EQ(broken, 0);
}

TEST(CheckpointFolder, OneThatCannotBeReadIsNotAnEmptyOne) {
  const std::string path = FreshFolder("loop");
  fs::create_symlink(path, path);
  const absl::Status status = CheckpointFolder(path, 1).LoadNewest([](const std::string&) {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_NE(status.message().find("cannot read folder " + path), absl::string_view::npos) << status;
}

TEST(CheckpointFolder, ABrokenNewestIsNamedAndTheOneBeforeIsUsed) {
  const std::string path = FreshFolder("broken");
  const CheckpointFolder folder(path, 2);
  ASSERT_TRUE(folder.Save(AtStep(1)).ok() && folder.Save(AtStep(2)).ok());
  ASSERT_TRUE(CutFile(path + "/epoch-000001-step-000000002.safetensors", 100).ok());
  std::vector<std::string> named;
  EXPECT_EQ(folder.LoadNewest([&](const std::string& what) { named.push_back(what); })->state.step, 1);
  ASSERT_EQ(named.size(), 1u);
  EXPECT_NE(named[0].find("step-000000002.safetensors"), std::string::npos) << named[0];
  // The broken one counts for nothing: what is written now stays, although a newer name is there.
  const CheckpointFolder one(path, 1);
  ASSERT_TRUE(one.Save(AtStep(1)).ok());
  EXPECT_EQ(NewestStep(one), 1);
  ASSERT_TRUE(CutFile(path + "/epoch-000001-step-000000001.safetensors", 100).ok());
  EXPECT_EQ(one.LoadNewest([](const std::string&) {}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(CheckpointFolder, AFaultOfAnyCallLeavesAWholeCheckpoint) {
  for (const Fault& kind : {Fault{.error = ENOSPC}, Fault{.error = ENOSPC, .stays = true}, Fault{.error = EIO},
                            Fault{.calls = Fault::Calls::kRenames, .error = EACCES}}) {
    for (int64_t bad = 0;; ++bad) {
      const CheckpointFolder folder(FreshFolder("faults"), 1);
      ASSERT_TRUE(folder.Save(AtStep(1)).ok());
      Fault fault = kind;
      fault.place = bad;
      bool happened = false;
      absl::Status status;
      {
        FaultySystemCalls calls(fault);
        status = folder.Save(AtStep(2));
        happened = calls.happened();
      }
      int64_t broken = 0;
      const int64_t newest = NewestStep(folder, &broken);
      EXPECT_EQ(broken, 0);
      EXPECT_TRUE(newest == 2 || (newest == 1 && !status.ok())) << newest << " " << status;
      EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
      if (!happened) break;
      ASSERT_LT(bad, 100);
    }
  }
}

TEST(CheckpointFolderDeathTest, AKillAtAnyCallLeavesAWholeCheckpoint) {
  for (int64_t bad = 0; bad < 14; ++bad) {
    const CheckpointFolder folder(FreshFolder("kills"), 1);
    ASSERT_TRUE(folder.Save(AtStep(1)).ok());
    EXPECT_EXIT(
        {
          FaultySystemCalls calls({.place = bad});
          const absl::Status saved = folder.Save(AtStep(2));
          _exit(saved.ok() ? 0 : 1);
        },
        [](int status) { return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || WEXITSTATUS(status) == 0; },
        "");
    int64_t broken = 0;
    EXPECT_GE(NewestStep(folder, &broken), 1) << bad;
    EXPECT_EQ(broken, 0) << bad;
  }
}

}  // namespace
}  // namespace sid
