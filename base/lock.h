#pragma once

// A folder in which one process works at a time.

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

// The kernel's lock on the folder, until the last copy of what it returns is gone or the process ends, whatever ends it. Unavailable where
// another process has it. Where a file system has no locks, as some network ones, it warns and returns none: nobody is locked out.
absl::StatusOr<std::shared_ptr<void>> LockFolder(const std::string& folder);

}  // namespace sid
