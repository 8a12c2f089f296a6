#pragma once

// Checksums of files, as publishers of data sets state them, and of bytes in memory, as our own files carry them.

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct evp_md_ctx_st;  // OpenSSL's

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

// SHA-256 of what is added, piece by piece.
class Sha256 {
 public:
  Sha256();
  void Add(std::string_view bytes);
  // Its length first, then the bytes: texts "ab", "c" and "a", "bc" differ.
  void AddText(std::string_view text);
  // Lower case; ends it.
  std::string Hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace sid
