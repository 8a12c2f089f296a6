#include "base/files.h"

#include <gtest/gtest.h>

#include <filesystem>

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
  ASSERT_TRUE(EnsureWritableFolder(folder + "/child").ok());
  EXPECT_FALSE(WriteFileAtomically(folder, "bytes").ok());
  for (const auto& entry : std::filesystem::directory_iterator(testing::TempDir())) {
    EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
  }
}

TEST(Files, ErrorsNameThePath) {
  const std::string missing = TemporaryPath("missing/file");
  EXPECT_NE(ReadFile(missing).status().message().find(missing), absl::string_view::npos);
  EXPECT_NE(WriteFileAtomically(missing, "").message().find(missing), absl::string_view::npos);
}

TEST(Files, AFileIsNoWritableFolder) {
  const std::string path = TemporaryPath("file");
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  const absl::Status status = EnsureWritableFolder(path + "/below");
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(path), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace sid
