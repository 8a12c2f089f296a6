#include "data/fetch/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "base/files.h"
#include "data/fetch/http_server.h"

namespace sid {
namespace {

using testing::HasSubstr;
using testing::Not;

// Bytes that tell where they are, so that a wrong offset shows.
std::string NumberedBytes(size_t count) {
  std::string bytes;
  while (bytes.size() < count) bytes += std::to_string(bytes.size()) + ",";
  return bytes.substr(0, count);
}

class DownloadTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }

  std::string Message(const absl::Status& status) {
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n"))) << "more than one line";
    return std::string(status.message());
  }

  HttpServer server_;
  const std::string body_ = NumberedBytes(300000);
  const std::string path_ = testing::TempDir() + "/file.part";
};

TEST_F(DownloadTest, AWholeFile) {
  server_.Set("/file", {.body = body_});
  std::vector<int64_t> progress;
  ASSERT_TRUE(Download(server_.url() + "/file", path_, {.progress = [&](int64_t n) { progress.push_back(n); }}).ok());
  EXPECT_EQ(ReadFile(path_).value(), body_);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 300000);
  EXPECT_THAT(server_.requests().at(0), Not(HasSubstr("Range:")));
}

TEST_F(DownloadTest, ACutConnectionKeepsWhatCameAndTheNextCallGoesOn) {
  server_.Set("/file", {.body = body_, .cut_after = 100000});
  const std::string message = Message(Download(server_.url() + "/file", path_));
  EXPECT_THAT(message, HasSubstr(server_.url() + "/file"));
  EXPECT_THAT(message, HasSubstr("with 100000 bytes here; run the same command again"));
  EXPECT_EQ(ReadFile(path_).value(), body_.substr(0, 100000));

  server_.Set("/file", {.body = body_});
  int64_t least = 300000;
  ASSERT_TRUE(
      Download(server_.url() + "/file", path_, {.progress = [&](int64_t n) { least = std::min(least, n); }}).ok());
  EXPECT_THAT(server_.requests().at(1), HasSubstr("Range: bytes=100000-\r\n"));
  EXPECT_EQ(ReadFile(path_).value(), body_);
  EXPECT_GT(least, 100000) << "progress counts what was there";
}

TEST_F(DownloadTest, AServerThatIgnoresRangeGivesTheWholeFileAnew) {
  ASSERT_TRUE(WriteFileAtomically(path_, "0,2,wrong bytes").ok());
  server_.Set("/file", {.body = body_, .honours_range = false});
  ASSERT_TRUE(Download(server_.url() + "/file", path_).ok());
  EXPECT_EQ(ReadFile(path_).value(), body_);
}

TEST_F(DownloadTest, APartThatIsLongerThanTheFileStartsAnew) {
  ASSERT_TRUE(WriteFileAtomically(path_, body_ + body_).ok());
  server_.Set("/file", {.body = body_});
  ASSERT_TRUE(Download(server_.url() + "/file", path_).ok());
  EXPECT_EQ(ReadFile(path_).value(), body_);
}

TEST_F(DownloadTest, FollowsRedirectsAlsoWhenItResumes) {
  ASSERT_TRUE(WriteFileAtomically(path_, body_.substr(0, 5000)).ok());
  server_.Set("/moved", {.status = 302, .body = "moved, see there", .location = "/file"});
  server_.Set("/file", {.body = body_});
  ASSERT_TRUE(Download(server_.url() + "/moved", path_).ok());
  EXPECT_EQ(ReadFile(path_).value(), body_);
  EXPECT_THAT(server_.requests().at(1), HasSubstr("Range: bytes=5000-"));
}

TEST_F(DownloadTest, FollowsNoRedirectToAnotherProtocol) {
  server_.Set("/moved", {.status = 302, .location = "file:///etc/hostname"});
  EXPECT_THAT(Message(Download(server_.url() + "/moved", path_)), HasSubstr("http:// or https://"));
  EXPECT_EQ(ReadFile(path_).value(), "");
}

TEST_F(DownloadTest, AMissingFileIsNotFoundAndItsErrorPageIsNotKept) {
  const absl::Status status = Download(server_.url() + "/missing", path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status), HasSubstr(server_.url() + "/missing: HTTP status 404"));
  EXPECT_EQ(ReadFile(path_).value(), "");
}

TEST_F(DownloadTest, AServerInTroubleIsWorthAnotherTry) {
  server_.Set("/file", {.status = 503, .body = "busy"});
  EXPECT_THAT(Message(Download(server_.url() + "/file", path_)),
              HasSubstr("HTTP status 503; run the same command again later"));
}

TEST_F(DownloadTest, AStalledServerEndsTheTransfer) {
  server_.Set("/file", {.stalls = true});
  EXPECT_THAT(Message(Download(server_.url() + "/file", path_, {.stall_timeout_seconds = 1})),
              HasSubstr("run the same command again"));
}

TEST_F(DownloadTest, NobodyListens) {
  std::string url;
  { url = HttpServer().url(); }  // a port that was just free
  EXPECT_THAT(Message(Download(url + "/file", path_)), HasSubstr("is there a network?"));
}

TEST_F(DownloadTest, ATargetThatCannotBeWritten) {
  server_.Set("/file", {.body = body_});
  EXPECT_THAT(Message(Download(server_.url() + "/file", "/missing/folder/file")),
              HasSubstr("cannot create /missing/folder/file"));
  EXPECT_THAT(Message(Download(server_.url() + "/file", "/dev/full")), HasSubstr("free some space"));
}

}  // namespace
}  // namespace sid
