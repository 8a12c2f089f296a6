// The bytes, against published values; tensorboard_python_test reads whole files with TensorBoard's own reader.

#include "train/output/event_file.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace sid {
namespace {

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, IsTheStandards) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(Crc32c(""), 0U);
}

TEST(EventFile, HasTheVersionFirstAndThenTheScalars) {
  const std::string path = testing::TempDir() + "/events.out.tfevents.test";
  auto file = EventFile::Open(path, 1.5);
  ASSERT_TRUE(file.ok()) << file.status();
  // Opened again, it goes on behind its version.
  ASSERT_TRUE(EventFile::Open(path, 2)->Add(300, 2.5, {{"a/b", -0.5}}).ok());
  const std::string bytes = ReadFile(path).value();
  const std::string version(
      "\x09\0\0\0\0\0\0\xf8\x3f\x1a\x0d"
      "brain.Event:2",
      24);
  const std::string event(
      "\x09\0\0\0\0\0\0\x04\x40\x10\xac\x02\x2a\x0c\x0a\x0a\x0a\x03"
      "a/b"
      "\x15\0\0\0\xbf",
      26);
  ASSERT_EQ(bytes.size(), 16 + version.size() + 16 + event.size());
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x18\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(bytes.substr(12, version.size()), version);
  EXPECT_EQ(bytes.substr(16 + version.size() + 12, event.size()), event);
}

TEST(EventFile, ErrorNamesThePath) {
  const auto file = EventFile::Open("/nowhere/events.out.tfevents.test", 0);
  EXPECT_NE(file.status().message().find("/nowhere/events"), absl::string_view::npos) << file.status();
}

}  // namespace
}  // namespace sid
