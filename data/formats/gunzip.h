#pragma once

// Gzip streams in memory, inflated no further than the caller allows.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

bool IsGzip(const std::string& bytes);

// No gzip stream of so many bytes can inflate to more: deflate shrinks by a factor of 1032 at the most.
int64_t MostGunzipped(int64_t gzipped_bytes);

// The first `limit` bytes of what the streams hold one after the other (gzip's members), or all of it where that is less; then their
// checksums are checked too. Reads what gzip(1) reads: bytes after the end that are no member are left aside. DataLoss, naming `where`,
// for a damaged or truncated stream.
absl::StatusOr<std::string> Gunzip(const std::string& bytes, int64_t limit, const std::string& where);

}  // namespace sid
