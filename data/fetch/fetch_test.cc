#include "data/fetch/fetch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "data/fetch/http_server.h"
#include "data/fetch/test_archive.h"

namespace sid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FetchTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_);
    SetArchive({{"folder/", ""}, {"folder/train.bin", "twelve bytes"}, {"folder/names.txt", "cat\n"}});
    options_.out = root_ + "/out";
    options_.say = [this](const std::string& line) { said_ += line + "\n"; };
    options_.progress = [this](const RemoteFile&, int64_t bytes) { last_progress_ = bytes; };
  }

  // Makes an archive the official one, and lets the server hold it.
  void SetArchive(const std::vector<TestEntry>& entries) {
    const std::string path = root_ + "/official.tar.gz";
    WriteTestArchive(path, ArchiveFormat::kTarGz, entries);
    archive_bytes_ = ReadFile(path).value();
    dataset_ = {"test",
                "folder",
                {Official(server_.url() + "/pub/set.tar.gz", path)},
                true,
                {{"train.bin", 12}, {"names.txt", kAnySize}}};
    server_.Set("/pub/set.tar.gz", {.body = archive_bytes_});
  }

  static RemoteFile Official(const std::string& url, const std::string& path) {
    return {url, static_cast<int64_t>(fs::file_size(path)), FileChecksum(path, ChecksumKind::kSha256).value()};
  }

  std::string Error() {
    said_.clear();
    const absl::Status status = Fetch(dataset_, options_).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << "more than one line";
    return std::string(status.message());
  }

  std::vector<std::string> NamesInOut() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(options_.out)) names.push_back(entry.path().filename());
    return names;
  }

  HttpServer server_;
  const std::string root_ = testing::TempDir() + "/fetch";
  OfficialDataset dataset_;
  FetchOptions options_;
  std::string archive_bytes_;
  std::string said_;
  int64_t last_progress_ = 0;
};

TEST_F(FetchTest, DownloadsChecksAndUnpacks) {
  EXPECT_EQ(Fetch(dataset_, options_).value(), options_.out + "/folder");
  EXPECT_EQ(ReadFile(options_.out + "/folder/train.bin").value(), "twelve bytes");
  EXPECT_EQ(ReadFile(options_.out + "/folder/names.txt").value(), "cat\n");
  EXPECT_THAT(NamesInOut(), testing::UnorderedElementsAre("folder", "set.tar.gz"));
  EXPECT_EQ(last_progress_, static_cast<int64_t>(archive_bytes_.size()));
}

TEST_F(FetchTest, WhatIsThereAndWholeIsLeftAlone) {
  ASSERT_TRUE(Fetch(dataset_, options_).ok());
  fs::remove(options_.out + "/set.tar.gz");
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  ASSERT_EQ(server_.requests().size(), 1u);
  EXPECT_FALSE(fs::exists(options_.out + "/set.tar.gz"));
}

TEST_F(FetchTest, AnArchiveThatIsThereIsOnlyUnpacked) {
  fs::create_directories(options_.out);
  fs::copy(root_ + "/official.tar.gz", options_.out + "/set.tar.gz");
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_TRUE(server_.requests().empty());
  EXPECT_TRUE(fs::exists(options_.out + "/folder/train.bin"));
}

TEST_F(FetchTest, AnIncompleteFolderIsNotTouched) {
  ASSERT_TRUE(Fetch(dataset_, options_).ok());
  ASSERT_TRUE(WriteFileAtomically(options_.out + "/folder/train.bin", "short").ok());
  EXPECT_THAT(Error(), HasSubstr("/folder/train.bin has 5 bytes, not 12; move it away"));
  fs::remove(options_.out + "/folder/train.bin");
  EXPECT_THAT(Error(), HasSubstr("/folder/train.bin is missing; move it away"));
  EXPECT_TRUE(fs::exists(options_.out + "/folder/names.txt"));
}

TEST_F(FetchTest, ACutConnectionResumesInTheNextCall) {
  server_.Set("/pub/set.tar.gz", {.body = archive_bytes_, .cut_after = 50});
  EXPECT_THAT(Error(), HasSubstr("with 50 bytes here"));
  EXPECT_EQ(ReadFile(options_.out + "/set.tar.gz.part").value(), archive_bytes_.substr(0, 50));
  server_.Set("/pub/set.tar.gz", {.body = archive_bytes_});
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_THAT(said_, HasSubstr("going on after 50 bytes with"));
  EXPECT_THAT(server_.requests().at(1), HasSubstr("Range: bytes=50-\r\n"));
  EXPECT_EQ(ReadFile(options_.out + "/set.tar.gz").value(), archive_bytes_);
}

TEST_F(FetchTest, AWholePartNeedsNoRequest) {
  fs::create_directories(options_.out);
  fs::copy(root_ + "/official.tar.gz", options_.out + "/set.tar.gz.part");
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(FetchTest, AWrongChecksumIsKeptAsideAndTheNextCallStartsAnew) {
  std::string wrong = archive_bytes_;
  wrong[60] ^= 1;
  server_.Set("/pub/set.tar.gz", {.body = wrong});
  const std::string aside = options_.out + "/set.tar.gz.bad-checksum";
  EXPECT_THAT(Error(), HasSubstr("wrong sha256); it is kept as " + aside));
  EXPECT_EQ(ReadFile(aside).value(), wrong);
  EXPECT_THAT(NamesInOut(), testing::ElementsAre("set.tar.gz.bad-checksum"));
  server_.Set("/pub/set.tar.gz", {.body = archive_bytes_});
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
}

TEST_F(FetchTest, AWrongFileThatIsThereIsRenamedAndReplaced) {
  ASSERT_TRUE(EnsureWritableFolder(options_.out).ok());
  ASSERT_TRUE(WriteFileAtomically(options_.out + "/set.tar.gz", "the user's").ok());
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_EQ(ReadFile(options_.out + "/set.tar.gz.bad-checksum").value(), "the user's");
  EXPECT_THAT(said_, HasSubstr("is not the official file: it is now"));
}

TEST_F(FetchTest, AMissingFileLeavesNothingUnderTheFinalName) {
  dataset_.downloads[0].url = server_.url() + "/elsewhere/set.tar.gz";
  EXPECT_THAT(Error(), HasSubstr("/elsewhere/set.tar.gz: HTTP status 404"));
  EXPECT_FALSE(fs::exists(options_.out + "/set.tar.gz"));
  EXPECT_FALSE(fs::exists(options_.out + "/folder"));
}

TEST_F(FetchTest, AMaliciousArchiveIsRefusedAndLeavesNothing) {
  SetArchive({{"folder/train.bin", "twelve bytes"}, {"folder/names.txt", ""}, {"folder/../../../evil", "evil"}});
  EXPECT_THAT(Error(), HasSubstr("refusing to unpack"));
  EXPECT_FALSE(fs::exists(root_ + "/evil"));
  EXPECT_THAT(NamesInOut(), testing::ElementsAre("set.tar.gz"));
}

TEST_F(FetchTest, AnInterruptedExtractionIsThrownAwayAndDoneAgain) {
  ASSERT_TRUE(EnsureWritableFolder(options_.out + "/.folder.part/folder").ok());
  ASSERT_TRUE(WriteFileAtomically(options_.out + "/.folder.part/folder/half", "half").ok());
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_FALSE(fs::exists(options_.out + "/folder/half"));
  EXPECT_THAT(NamesInOut(), testing::UnorderedElementsAre("folder", "set.tar.gz"));
}

TEST_F(FetchTest, AnArchiveOfAnotherSetIsAnError) {
  SetArchive({{"other/train.bin", "twelve bytes"}});
  EXPECT_THAT(Error(), HasSubstr("does not hold data set test"));
  EXPECT_FALSE(fs::exists(options_.out + "/folder"));
}

TEST_F(FetchTest, AMirrorReplacesTheAddressButNotTheName) {
  server_.Set("/mirror/of/set.tar.gz", {.body = archive_bytes_});
  dataset_.downloads[0].url = "http://127.0.0.1:1/nobody/set.tar.gz";
  options_.mirror = server_.url() + "/mirror/of";
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
  options_.mirror = "ftp://127.0.0.1";
  EXPECT_THAT(Error(), HasSubstr("mirror 'ftp://127.0.0.1' is no URL that starts with http:// or https://"));
}

TEST_F(FetchTest, FilesThatAreNoArchiveGoIntoTheFolder) {
  const std::string path = root_ + "/labels.gz";
  ASSERT_TRUE(WriteFileAtomically(path, "labels").ok());
  server_.Set("/labels.gz", {.body = "labels"});
  dataset_ = {"test", "mnist", {dataset_.downloads[0], Official(server_.url() + "/labels.gz", path)}, false, {}};
  EXPECT_EQ(Fetch(dataset_, options_).value(), options_.out + "/mnist");
  EXPECT_EQ(ReadFile(options_.out + "/mnist/labels.gz").value(), "labels");
  EXPECT_EQ(ReadFile(options_.out + "/mnist/set.tar.gz").value(), archive_bytes_);
  ASSERT_TRUE(Fetch(dataset_, options_).ok());
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(FetchTest, TheSecondOfTwoAtOnceIsAnError) {
  ASSERT_TRUE(EnsureWritableFolder(options_.out).ok());
  const int other = open(options_.out.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  EXPECT_THAT(Error(), HasSubstr("another download into " + options_.out + " is running"));
  close(other);
  EXPECT_TRUE(Fetch(dataset_, options_).ok());
}

TEST_F(FetchTest, AnOutThatIsAFileIsAnError) {
  options_.out = root_ + "/official.tar.gz";
  EXPECT_THAT(Error(), HasSubstr(options_.out));
}

}  // namespace
}  // namespace sid
