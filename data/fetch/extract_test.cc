#include "data/fetch/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "data/fetch/test_archive.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Bytes that no compression shortens.
std::string Noise() {
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 200000; ++i) noise += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return noise;
}

class ExtractTest : public testing::TestWithParam<ArchiveFormat> {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  absl::Status Extract(const std::vector<TestEntry>& entries) {
    WriteTestArchive(archive_, GetParam(), entries);
    return ExtractArchive(archive_, folder_);
  }

  const std::string root_ = testing::TempDir() + "/extract";
  const std::string archive_ = root_ + "/archive";
  const std::string folder_ = root_ + "/deep/folder";
};

TEST_P(ExtractTest, FilesAndFolders) {
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(Extract({{"set/", ""}, {"set/a.bin", "bytes"}, {"set/sub/b.bin", large}, {"./c", ""}}).ok());
  EXPECT_EQ(ReadFile(folder_ + "/set/a.bin").value(), "bytes");
  EXPECT_EQ(ReadFile(folder_ + "/set/sub/b.bin").value(), large);
  EXPECT_EQ(ReadFile(folder_ + "/c").value(), "");
  EXPECT_EQ(fs::status(folder_ + "/set").permissions() & fs::perms::owner_all, fs::perms::owner_all);
}

TEST_P(ExtractTest, RefusesPathsThatLeadOut) {
  for (const char* path : {"../evil", "set/../../evil", "set/..", "/tmp/evil"}) {
    const absl::Status status = Extract({{"good", "bytes"}, {path, "evil"}});
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr("refusing to unpack " + archive_ + ": its entry '" + path));
  }
  EXPECT_FALSE(fs::exists(root_ + "/deep/evil"));
  EXPECT_FALSE(fs::exists("/tmp/evil"));
}

TEST_P(ExtractTest, RefusesLinks) {
  for (const char* target : {"/etc", "..", "../../outside", "inside"}) {
    const absl::Status status = Extract({{.path = "link", .symlink = target}, {"link/evil", "evil"}});
    EXPECT_THAT(std::string(status.message()), HasSubstr("its entry 'link' is a link")) << target;
    EXPECT_FALSE(fs::is_symlink(folder_ + "/link"));
  }
}

TEST_P(ExtractTest, RefusesHardLinks) {
  if (GetParam() == ArchiveFormat::kZip) GTEST_SKIP() << "zip has none";
  EXPECT_THAT(std::string(Extract({{.path = "passwords", .hardlink = "/etc/passwd"}}).message()),
              HasSubstr("its entry 'passwords' is a link"));
}

TEST_P(ExtractTest, ATruncatedArchiveIsAnError) {
  WriteTestArchive(archive_, GetParam(), {{"a", Noise()}});
  fs::resize_file(archive_, 100000);
  const absl::Status status = ExtractArchive(archive_, folder_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(archive_));
}

TEST_P(ExtractTest, ADamagedEntryIsAnError) {
  if (GetParam() == ArchiveFormat::kTarGz) GTEST_SKIP() << "tar has no checksum of an entry's bytes";
  WriteTestArchive(archive_, GetParam(), {{"a", Noise()}, {"b", "bytes"}});
  std::string bytes = ReadFile(archive_).value();
  bytes[100000] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(archive_, bytes).ok());
  EXPECT_EQ(ExtractArchive(archive_, folder_).code(), absl::StatusCode::kDataLoss);
}

TEST_P(ExtractTest, WhatIsNoArchiveIsAnError) {
  ASSERT_TRUE(WriteFileAtomically(archive_, "<html>a page</html>").ok());
  EXPECT_EQ(ExtractArchive(archive_, folder_).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(ExtractArchive(root_ + "/missing", folder_).ok());
}

TEST_P(ExtractTest, AFolderBehindALinkOfTheUsersIsFine) {
  fs::create_directories(root_ + "/real");
  fs::create_directory_symlink(root_ + "/real", root_ + "/deep");
  ASSERT_TRUE(Extract({{"a", "bytes"}}).ok());
  EXPECT_EQ(ReadFile(root_ + "/real/folder/a").value(), "bytes");
}

INSTANTIATE_TEST_SUITE_P(Formats, ExtractTest, testing::Values(ArchiveFormat::kTarGz, ArchiveFormat::kZip),
                         [](const auto& info) { return info.param == ArchiveFormat::kZip ? "Zip" : "TarGz"; });

}  // namespace
}  // namespace sid
