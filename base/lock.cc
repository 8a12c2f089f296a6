#include "base/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/system_calls.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// 0, or why not.
int TryLock(int descriptor) { return System().Lock(descriptor) == 0 ? 0 : errno; }

}  // namespace

absl::StatusOr<std::shared_ptr<void>> LockFolder(const std::string& folder, IfLocked if_locked) {
  const int descriptor = System().Open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (descriptor < 0) return PathError(errno, "open", folder);
  std::shared_ptr<void> lock(nullptr, [descriptor](void*) { close(descriptor); });
  int error = TryLock(descriptor);
  if (error == EWOULDBLOCK && if_locked == IfLocked::kWait)
    LOG(WARNING) << "another process is working in " << folder << ": waits for it";
  while (error == EWOULDBLOCK && if_locked == IfLocked::kWait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    error = TryLock(descriptor);
  }
  if (error == 0) return lock;
  if (error == EWOULDBLOCK)
    return absl::UnavailableError(absl::StrCat("another process is working in ", folder, ": wait for it, or end it"));
  LOG(WARNING) << "cannot lock " << folder << " (" << std::strerror(error)
               << "): goes on without; start no other process that writes there";
  return std::shared_ptr<void>();
}

}  // namespace sid
