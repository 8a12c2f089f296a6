#pragma once

// Checksums of files, as publishers of data sets state them.

#include <string>

#include "absl/status/statusor.h"

namespace sid {

enum class ChecksumKind { kMd5, kSha256 };

struct Checksum {
  ChecksumKind kind;
  std::string hex;  // lower case
};

// "md5" or "sha256".
std::string ChecksumName(ChecksumKind kind);

// The checksum of a file's bytes, read in pieces: an archive need not fit into memory.
absl::StatusOr<Checksum> FileChecksum(const std::string& path, ChecksumKind kind);

}  // namespace sid
