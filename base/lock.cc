#include "base/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/system_calls.h"
#include "third_party/logging/logging.h"

namespace sid {

absl::StatusOr<std::shared_ptr<void>> LockFolder(const std::string& folder) {
  const int descriptor = System().Open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (descriptor < 0) return PathError(errno, "open", folder);
  std::shared_ptr<void> lock(nullptr, [descriptor](void*) { close(descriptor); });
  if (System().Lock(descriptor) == 0) return lock;
  const int error = errno;
  if (error == EWOULDBLOCK)
    return absl::UnavailableError(absl::StrCat("another process is working in ", folder, ": wait for it, or end it"));
  LOG(WARNING) << "cannot lock " << folder << " (" << std::strerror(error)
               << "): goes on without; start no other process that writes there";
  return std::shared_ptr<void>();
}

}  // namespace sid
