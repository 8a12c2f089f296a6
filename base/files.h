#pragma once

// Whole files, read and written so that an error names the file and a crash leaves no half of one.

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// The bytes of a file. NotFound, PermissionDenied or DataLoss name the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Writes beside `path`, syncs and renames: a reader sees the old bytes or the new ones, never a part.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// The same for bytes that lie in several places, written one after the other.
absl::Status WriteFileAtomically(const std::string& path, const std::vector<std::string_view>& parts);

// Creates the folder and its parents where needed, and tries that a file can be written in it.
absl::Status EnsureWritableFolder(const std::string& path);

}  // namespace sid
