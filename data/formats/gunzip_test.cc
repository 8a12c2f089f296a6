#include "data/formats/gunzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/formats/gzip_for_tests.h"

namespace sid {
namespace {

using testing::HasSubstr;

std::string Error(const std::string& bytes, int64_t limit) {
  return std::string(Gunzip(bytes, limit, "file.gz").status().message());
}

TEST(Gunzip, GivesBackWhatWasZipped) {
  const std::string bytes = "information distilled, and distilled again";
  EXPECT_TRUE(IsGzip(Gzip(bytes)));
  EXPECT_FALSE(IsGzip(bytes));
  EXPECT_EQ(Gunzip(Gzip(bytes), 1000, "file.gz").value(), bytes);
  EXPECT_EQ(Gunzip(Gzip(bytes), bytes.size(), "file.gz").value(), bytes);
  EXPECT_EQ(Gunzip(Gzip(bytes), 11, "file.gz").value(), "information");
}

// bgzip, pigz and `cat a.gz b.gz` write such files.
TEST(Gunzip, MembersFollowOneAnother) {
  const std::string members = Gzip("") + Gzip("inform") + Gzip("") + Gzip("ation") + Gzip("");
  EXPECT_EQ(Gunzip(members, 1000, "file.gz").value(), "information");
  EXPECT_EQ(Gunzip(members, 11, "file.gz").value(), "information");
  EXPECT_EQ(Gunzip(members, 8, "file.gz").value(), "informat");
  EXPECT_EQ(Gunzip(members, 6, "file.gz").value(), "inform");
}

TEST(Gunzip, WhatFollowsTheLastMemberIsLeftAside) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Gunzip(Gzip("information") + std::string(512, '\0'), 1000, "file.gz").value(), "information");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  EXPECT_EQ(Gunzip(Gzip("information") + "garbage", 1000, "file.gz").value(), "information");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("file.gz: 7 bytes after the end of the gzip stream"));
}

TEST(Gunzip, NoZerosShrinkMoreThanTheBound) {
  const std::string zeros(5'000'000, '\0');
  const int64_t zipped = static_cast<int64_t>(Gzip(zeros).size());
  EXPECT_LT(zipped, 5500);
  EXPECT_GE(MostGunzipped(zipped), 5'000'000);
}

TEST(Gunzip, ABombIsInflatedOnlyToTheLimit) {
  EXPECT_EQ(Gunzip(Gzip(std::string(5'000'000, '\0')), 100, "file.gz").value().size(), 100u);
}

TEST(Gunzip, DamagedStreamsAreErrors) {
  const std::string zipped = Gzip("information distilled, and distilled again");
  EXPECT_THAT(Error(zipped.substr(0, zipped.size() - 9), 1000),
              HasSubstr("file.gz: cannot unzip: the gzip stream is trunc"));
  EXPECT_THAT(Error(zipped + zipped.substr(0, 10), 1000), HasSubstr("truncated")) << "of the second member";
  EXPECT_THAT(Error(zipped + "\x1f\x8b is no member", 1000), HasSubstr("cannot unzip"));
  std::string changed = zipped;
  changed[changed.size() - 8] ^= 1;  // of the checksum
  EXPECT_THAT(Error(changed, 1000), HasSubstr("incorrect data check"));
  EXPECT_THAT(Error("no stream at all", 1000), HasSubstr("cannot unzip"));
  EXPECT_THAT(Error("", 1000), HasSubstr("truncated"));
}

TEST(Gunzip, AStreamCutInItsChecksumIsTruncated) {
  const std::string zipped = Gzip("information");
  for (size_t cut = 1; cut < zipped.size(); ++cut) {
    EXPECT_THAT(Error(zipped.substr(0, zipped.size() - cut), 1000), HasSubstr("truncated")) << cut;
  }
}

}  // namespace
}  // namespace sid
