#include "base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace sid {
namespace {

absl::Status SystemError(const std::string& doing, const std::string& path) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", doing, " ", path));
}

absl::Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path);
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(int descriptor, const std::vector<std::string_view>& parts, const std::string& path) {
  for (const std::string_view part : parts) SID_RETURN_IF_ERROR(WriteAll(descriptor, part, path));
  return fsync(descriptor) == 0 ? absl::OkStatus() : SystemError("sync", path);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return SystemError("open", path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) return SystemError("read", path);
  return std::move(bytes).str();
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  return WriteFileAtomically(path, std::vector<std::string_view>{bytes});
}

absl::Status WriteFileAtomically(const std::string& path, const std::vector<std::string_view>& parts) {
  const std::string beside = absl::StrCat(path, ".part-", getpid());
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return SystemError("create", beside);
  absl::Cleanup remove_part = [&] { unlink(beside.c_str()); };
  const absl::Status written = WriteAndSync(descriptor, parts, beside);
  if (close(descriptor) != 0 && written.ok()) return SystemError("close", beside);
  SID_RETURN_IF_ERROR(written);
  if (rename(beside.c_str(), path.c_str()) != 0) return SystemError("rename to", path);
  std::move(remove_part).Cancel();
  return absl::OkStatus();
}

absl::Status EnsureWritableFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return absl::InvalidArgumentError(
        absl::StrCat("cannot create folder ", path, ": ", error.message(), "; choose another"));
  const std::string probe = absl::StrCat(path, "/.writable-", getpid());
  const absl::Status written = WriteFileAtomically(probe, "");
  if (!written.ok()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "folder ", path, " cannot be written: ", std::string(written.message()), "; choose another or free it"));
  }
  unlink(probe.c_str());
  return absl::OkStatus();
}

}  // namespace sid
