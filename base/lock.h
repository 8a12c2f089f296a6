#pragma once

// A folder in which one process works at a time.

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

enum class IfLocked { kFail, kWait };

// The kernel's lock on the folder, until the last copy of what it returns is gone or the process ends, whatever ends it. Where another
// process has it, Unavailable, or it says so and waits. Where a file system has no locks, as some network ones, it warns and returns
// none: nobody is locked out.
absl::StatusOr<std::shared_ptr<void>> LockFolder(const std::string& folder, IfLocked if_locked = IfLocked::kFail);

}  // namespace sid
