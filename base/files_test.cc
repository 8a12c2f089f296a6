#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "base/faulty_system_calls.h"

namespace sid {
namespace {

std::string TemporaryPath(const std::string& name) { return testing::TempDir() + "/" + name; }

TEST(Files, WritesWhatItReads) {
  const std::string path = TemporaryPath("bytes");
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(WriteFileAtomically(path, "longer than what follows").ok());
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  EXPECT_EQ(ReadFile(path).value(), bytes);
}

TEST(Files, WritesPartsOneAfterTheOther) {
  const std::string path = TemporaryPath("parts");
  ASSERT_TRUE(WriteFileAtomically(path, std::vector<std::string_view>{"one", "", "two"}).ok());
  EXPECT_EQ(ReadFile(path).value(), "onetwo");
}

TEST(Files, LeavesNoPartBehindWhenTheRenameFails) {
  const std::string folder = TemporaryPath("target-is-a-folder");
  ASSERT_TRUE(EnsureWritableFolder(folder + "/child/grandchild").ok());
  EXPECT_FALSE(WriteFileAtomically(folder + "/child", "bytes").ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
  }
}

TEST(Files, ErrorsNameThePath) {
  const std::string missing = TemporaryPath("missing/file");
  EXPECT_NE(ReadFile(missing).status().message().find(missing), absl::string_view::npos);
  EXPECT_NE(WriteFileAtomically(missing, "").message().find(missing), absl::string_view::npos);
}

TEST(Files, AFileThatIsNotThereHasNoBytesButOneThatCannotBeSeenIsAnError) {
  const std::string path = TemporaryPath("measured");
  EXPECT_EQ(FileSize(path).value(), 0);
  ASSERT_TRUE(WriteFileAtomically(path, "four").ok());
  EXPECT_EQ(FileSize(path).value(), 4);
  EXPECT_FALSE(FileSize(path + "/below").ok());
}

// A pipe in a data folder would otherwise be waited for, for ever.
TEST(Files, PipesDevicesAndFoldersAreNoFiles) {
  const std::string pipe = TemporaryPath("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), testing::TempDir()}) {
    EXPECT_EQ(ReadFile(path).status().message(), "cannot read " + path + ": it is no file");
  }
}

TEST(Files, AFileIsNoWritableFolder) {
  const std::string path = TemporaryPath("file");
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  const absl::Status status = EnsureWritableFolder(path + "/below");
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(path), absl::string_view::npos) << status;
}

TEST(Files, AppendsAndCuts) {
  const std::string path = TemporaryPath("grows");
  ASSERT_TRUE(AppendToFile(path, "one").ok() && AppendToFile(path, "two").ok());
  EXPECT_EQ(ReadFile(path).value(), "onetwo");
  ASSERT_TRUE(CutFile(path, 3).ok());
  EXPECT_EQ(ReadFile(path).value(), "one");
  EXPECT_EQ(CutFile(path, 4).code(), absl::StatusCode::kDataLoss);
}

TEST(Files, RemovesWhatAKillHasLeft) {
  const std::string folder = TemporaryPath("left");
  ASSERT_TRUE(EnsureWritableFolder(folder).ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/whole", "").ok() && AppendToFile(folder + "/whole.part-123", "x").ok());
  const std::vector<std::string> strangers = {"/film.part-2", "/whole.part-", "/whole.part-12b", "/whole.part-1.zip"};
  for (const std::string& name : strangers) ASSERT_TRUE(WriteFileAtomically(folder + name, "").ok());
  RemoveUnfinishedFiles(folder, [](const std::string& name) { return name == "whole"; });
  EXPECT_TRUE(std::filesystem::exists(folder + "/whole"));
  EXPECT_FALSE(std::filesystem::exists(folder + "/whole.part-123"));
  for (const std::string& name : strangers) EXPECT_TRUE(std::filesystem::exists(folder + name)) << name;
}

// Counts the folders among what is synced.
class CountFolderSyncs : public SystemCalls {
 public:
  CountFolderSyncs() : before_(ReplaceSystemCalls(this)) {}
  ~CountFolderSyncs() override { ReplaceSystemCalls(before_); }
  int Sync(int descriptor) override {
    struct stat info = {};
    if (fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) ++count;
    return SystemCalls::Sync(descriptor);
  }
  int64_t count = 0;

 private:
  SystemCalls* before_;
};

TEST(Files, ANewNameIsSyncedIntoItsFolder) {
  const std::string folder = TemporaryPath("one/two/");
  CountFolderSyncs syncs;
  ASSERT_TRUE(CreateFolder(folder).ok() && CreateFolder(folder).ok());
  EXPECT_EQ(syncs.count, 2) << "one for each folder";
  ASSERT_TRUE(AppendToFile(folder + "new", "one").ok());
  EXPECT_EQ(syncs.count, 3);
  ASSERT_TRUE(AppendToFile(folder + "new", "two").ok());
  EXPECT_EQ(syncs.count, 3) << "its name was there already";
}

TEST(Files, AFaultOfAnyCallLeavesTheOldBytesOrTheNewOnes) {
  const std::string path = TemporaryPath("faulty");
  for (const int error : {ENOSPC, EIO, EACCES}) {
    for (int64_t bad = 0;; ++bad) {
      ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
      absl::Status status;
      bool happened = false;
      {
        FaultySystemCalls calls({.place = bad, .error = error});
        status = WriteFileAtomically(path, std::vector<std::string_view>{"ne", "w"});
        happened = calls.happened();
      }
      const std::string bytes = ReadFile(path).value();
      EXPECT_TRUE(bytes == "new" || (!status.ok() && bytes == "old")) << bad << " " << status << " " << bytes;
      if (!happened) break;
      // Only the last call's fault, closing the folder that was synced, is none.
      EXPECT_NE(status.ok(), bad < 8) << bad;
      if (!status.ok()) {
        EXPECT_NE(status.message().find("/"), absl::string_view::npos) << status;
      }
      EXPECT_LT(bad, 20);
    }
  }
}

TEST(FilesDeathTest, AKillAtAnyCallLeavesTheOldBytesOrTheNewOnes) {
  const std::string path = TemporaryPath("killed");
  constexpr int64_t kCalls = 10;  // open, two writes, sync, close, rename; open, sync, close of the folder; none
  for (int64_t bad = 0; bad < kCalls; ++bad) {
    ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
    const auto write = [&] {
      FaultySystemCalls calls({.place = bad});
      (void)WriteFileAtomically(path, std::vector<std::string_view>{"ne", "w"});
      _exit(7);
    };
    if (bad + 1 < kCalls) {
      EXPECT_EXIT(write(), testing::KilledBySignal(SIGKILL), "") << bad;
    } else {
      EXPECT_EXIT(write(), testing::ExitedWithCode(7), "") << bad;
    }
    const std::string bytes = ReadFile(path).value();
    EXPECT_EQ(bytes, bad <= 5 ? "old" : "new") << bad;  // the sixth call is the rename
  }
}

TEST(Files, InterruptedAndShortCallsGoOn) {
  const std::string path = TemporaryPath("short"), bytes(1000, 'x');
  for (const Fault& fault : {Fault{.calls = Fault::Calls::kWrites, .error = EINTR},
                             Fault{.calls = Fault::Calls::kWrites, .stays = true, .is_short = true},
                             Fault{.calls = Fault::Calls::kReads, .error = EINTR},
                             Fault{.calls = Fault::Calls::kReads, .stays = true, .is_short = true}}) {
    FaultySystemCalls calls(fault);
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
    EXPECT_EQ(ReadFile(path).value_or("unread"), bytes);
  }
}

TEST(Files, AFileThatShrinksWhileItIsReadIsAnError) {
  const std::string path = TemporaryPath("shrinks");
  ASSERT_TRUE(WriteFileAtomically(path, "12345").ok());
  FileReader reader = FileReader::Open(path).value();
  ASSERT_TRUE(CutFile(path, 2).ok());
  char bytes[5];
  EXPECT_EQ(reader.Read(bytes, 5).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sid
