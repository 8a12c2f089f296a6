#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/system_calls.h"

namespace sid {
namespace {

absl::Status SystemError(const std::string& doing, const std::string& path) { return PathError(errno, doing, path); }

// Calls again what a signal has interrupted.
template <typename Call>
auto Uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

absl::Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = Uninterrupted([&] { return System().Write(descriptor, bytes.data(), bytes.size()); });
    if (written < 0) return SystemError("write", path);
    bytes.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(int descriptor, const std::vector<std::string_view>& parts, const std::string& path) {
  for (const std::string_view part : parts) SID_RETURN_IF_ERROR(WriteAll(descriptor, part, path));
  return System().Sync(descriptor) == 0 ? absl::OkStatus() : SystemError("sync", path);
}

// Writes, syncs and closes, whatever goes wrong on the way.
absl::Status WriteAndClose(int descriptor, const std::vector<std::string_view>& parts, const std::string& path) {
  absl::Status written = WriteAndSync(descriptor, parts, path);
  if (System().Close(descriptor) != 0 && written.ok()) return SystemError("close", path);
  return written;
}

// Without this a crash of the machine may undo a rename, or a new file's name.
absl::Status SyncFolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const int descriptor = System().Open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (descriptor < 0) return SystemError("open", folder);
  // Some file systems cannot sync a folder, and need not.
  const bool synced = System().Sync(descriptor) == 0 || errno == EINVAL;
  absl::Status status = synced ? absl::OkStatus() : SystemError("sync", folder);
  System().Close(descriptor);
  return status;
}

// What WriteFileAtomically's temporary files have in their names, before the process's number.
constexpr char kUnfinished[] = ".part-";

// The file that a temporary one was to become; "" for a name that is none of a temporary one.
std::string Finished(const std::string& name) {
  const size_t end = name.rfind(kUnfinished);
  if (end == std::string::npos) return "";
  const std::string_view process = std::string_view(name).substr(end + sizeof(kUnfinished) - 1);
  return !process.empty() && std::all_of(process.begin(), process.end(), absl::ascii_isdigit) ? name.substr(0, end)
                                                                                              : "";
}

}  // namespace

absl::StatusOr<FileReader> FileReader::Open(const std::string& path) {
  // O_NONBLOCK: a named pipe would wait for its writer, perhaps for ever.
  const int descriptor = System().Open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (descriptor < 0) return SystemError("open", path);
  struct stat info = {};
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    System().Close(descriptor);
    return absl::FailedPreconditionError(absl::StrCat("cannot read ", path, ": it is no file"));
  }
  return FileReader(descriptor, static_cast<uint64_t>(info.st_size), path);
}

FileReader::FileReader(int descriptor, uint64_t size, std::string path)
    : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

FileReader::FileReader(FileReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

FileReader::~FileReader() {
  if (descriptor_ >= 0) System().Close(descriptor_);
}

absl::Status FileReader::Read(void* bytes, uint64_t count) {
  auto* place = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = Uninterrupted([&] { return System().Read(descriptor_, place, count); });
    if (got < 0) return SystemError("read", path_);
    if (got == 0) return absl::DataLossError(absl::StrCat("cannot read ", path_, ": it has become shorter"));
    place += got;
    count -= got;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  SID_ASSIGN_OR_RETURN(FileReader reader, FileReader::Open(path));
  std::string bytes(reader.size(), '\0');
  SID_RETURN_IF_ERROR(reader.Read(bytes.data(), bytes.size()));
  return bytes;
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  return WriteFileAtomically(path, std::vector<std::string_view>{bytes});
}

absl::Status WriteFileAtomically(const std::string& path, const std::vector<std::string_view>& parts) {
  const std::string beside = absl::StrCat(path, kUnfinished, getpid());
  const int descriptor = System().Open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return SystemError("create", beside);
  absl::Cleanup remove_part = [&] { unlink(beside.c_str()); };
  SID_RETURN_IF_ERROR(WriteAndClose(descriptor, parts, beside));
  if (System().Rename(beside.c_str(), path.c_str()) != 0) return SystemError("rename to", path);
  std::move(remove_part).Cancel();
  return SyncFolderOf(path);
}

absl::Status AppendToFile(const std::string& path, std::string_view bytes) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC;
  int descriptor = System().Open(path.c_str(), kFlags, 0);
  const bool is_new = descriptor < 0 && errno == ENOENT;
  if (is_new) descriptor = System().Open(path.c_str(), kFlags | O_CREAT, 0644);
  if (descriptor < 0) return SystemError("open", path);
  SID_RETURN_IF_ERROR(WriteAndClose(descriptor, {bytes}, path));
  return is_new ? SyncFolderOf(path) : absl::OkStatus();
}

absl::StatusOr<int64_t> FileSize(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0) return info.st_size;
  return errno == ENOENT ? absl::StatusOr<int64_t>(0) : SystemError("look at", path);
}

absl::Status CutFile(const std::string& path, uint64_t length) {
  std::error_code error;
  const uint64_t found = std::filesystem::file_size(path, error);
  if (error) return PathError(error.value(), "cut", path);
  if (found < length)
    return absl::DataLossError(absl::StrCat(path, " has ", found, " bytes, and had at least ", length, " before"));
  return System().Truncate(path.c_str(), static_cast<off_t>(length)) == 0 ? absl::OkStatus() : SystemError("cut", path);
}

void RemoveUnfinishedFiles(const std::string& folder, const std::function<bool(const std::string& name)>& is_ours) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string finished = Finished(entry->path().filename().string());
    if (!finished.empty() && is_ours(finished)) unlink(entry->path().c_str());
  }
}

absl::Status CreateFolder(const std::string& path) {
  const std::string given = std::filesystem::path(path + "/").parent_path().string();  // "a/" is "a"
  std::error_code error;
  if (given.empty() || std::filesystem::is_directory(given, error)) return absl::OkStatus();
  SID_RETURN_IF_ERROR(CreateFolder(std::filesystem::path(given).parent_path().string()));
  std::filesystem::create_directory(given, error);
  if (error) return PathError(error.value(), "create folder", path);
  return SyncFolderOf(given);
}

absl::Status EnsureWritableFolder(const std::string& path) {
  if (const absl::Status created = CreateFolder(path); !created.ok())
    return absl::Status(created.code(), absl::StrCat(std::string(created.message()), "; choose another"));
  const std::string probe = absl::StrCat(path, "/.writable-", getpid());
  const absl::Status written = WriteFileAtomically(probe, "");
  if (!written.ok()) {
    return absl::Status(written.code(), absl::StrCat("folder ", path, " cannot be written: ",
                                                     std::string(written.message()), "; choose another or free it"));
  }
  unlink(probe.c_str());
  return absl::OkStatus();
}

}  // namespace sid
