#pragma once

// Paths as users write them, what lies there, and an error that says why it cannot be reached: on people's machines folders belong to somebody else, and
// links lead nowhere.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// "cannot open DIR/file: Permission denied (DIR belongs to alice and has mode 700; this runs as bob)": the system's error of its own
// status code. Where a symbolic link leads nowhere it says where to.
absl::Status PathError(int error, const std::string& doing, const std::string& path);

enum class PathKind { kNothing, kFile, kFolder, kOther };

// Symbolic links are followed. Only what is certainly not there is kNothing: a path that cannot be looked at is an error.
absl::StatusOr<PathKind> LookAt(const std::string& path);

// The names in a folder, sorted, without those that begin with a dot: they are file managers' and macOS' own (._name), no data.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);

// `~` and `~/...` from the caller's home folder on, `~name/...` from that user's. As in a shell, which does this only where a word begins
// with it, a name that nobody has stays.
std::string ExpandHome(const std::string& path);

}  // namespace sid
