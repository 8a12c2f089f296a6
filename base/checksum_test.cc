#include "base/checksum.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace sid {
namespace {

std::string HexOf(const std::string& bytes, ChecksumKind kind) {
  const std::string path = testing::TempDir() + "/bytes";
  EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
  return FileChecksum(path, kind).value().hex;
}

// The test vectors of RFC 1321 (MD5) and FIPS 180-2 (SHA-256).
TEST(FileChecksum, AgreesWithTheStandards) {
  EXPECT_EQ(HexOf("", ChecksumKind::kMd5), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HexOf("message digest", ChecksumKind::kMd5), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(HexOf("abc", ChecksumKind::kSha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(std::string(1000000, 'a'), ChecksumKind::kSha256),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(FileChecksum, ReadsAllPiecesOfALargeFile) {
  const std::string large(3 << 20, 'x');
  EXPECT_NE(HexOf(large, ChecksumKind::kMd5), HexOf(large + "y", ChecksumKind::kMd5));
}

TEST(Sha256, AgreesWithTheStandardHoweverTheBytesArePieced) {
  Sha256 pieces;
  pieces.Add("a");
  pieces.Add("");
  pieces.Add("bc");
  EXPECT_EQ(pieces.Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TellsTextsApartThatJoinToTheSame) {
  Sha256 first, second;
  first.AddText("ab"), first.AddText("c");
  second.AddText("a"), second.AddText("bc");
  EXPECT_NE(first.Hex(), second.Hex());
}

TEST(FileChecksum, NamesAMissingFile) {
  const absl::Status status = FileChecksum("/missing/file", ChecksumKind::kMd5).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("/missing/file"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
