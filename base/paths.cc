#include "base/paths.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace sid {

namespace {

namespace fs = std::filesystem;

std::string UserName(uid_t user) {
  const passwd* const entry = getpwuid(user);
  return entry != nullptr ? entry->pw_name : absl::StrCat("user ", user);
}

// Of the first folder on the way that lets nobody through, or of the last thing there is.
std::string WhoseItIs(const fs::path& path) {
  fs::path reached, seen;
  struct stat info = {}, next = {};
  for (const fs::path& part : path) {
    reached /= part;
    if (stat(reached.empty() ? "." : reached.c_str(), &next) != 0) break;
    info = next;
    seen = reached;
  }
  if (seen.empty()) return "";
  return absl::StrFormat(" (%s belongs to %s and has mode %o; this runs as %s)", seen.string(), UserName(info.st_uid),
                         info.st_mode & 07777, UserName(geteuid()));
}

std::string WhereItLeads(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  return error ? "" : absl::StrCat(" (it is a symbolic link to ", target.string(), ")");
}

}  // namespace

absl::Status PathError(int error, const std::string& doing, const std::string& path) {
  absl::Status status = absl::ErrnoToStatus(error, absl::StrCat("cannot ", doing, " ", path));
  std::string why;
  if (error == EACCES || error == EPERM) why = WhoseItIs(path);
  if (error == ENOENT || error == ELOOP) why = WhereItLeads(path);
  return why.empty() ? status : absl::Status(status.code(), absl::StrCat(status.message(), why));
}

absl::StatusOr<PathKind> LookAt(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0)
    return errno == ENOENT || errno == ENOTDIR ? absl::StatusOr<PathKind>(PathKind::kNothing)
                                               : PathError(errno, "look at", path);
  return S_ISDIR(info.st_mode) ? PathKind::kFolder : S_ISREG(info.st_mode) ? PathKind::kFile : PathKind::kOther;
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name[0] != '.') names.push_back(std::move(name));
  }
  if (error) return PathError(error.value(), "list", path);
  std::sort(names.begin(), names.end());
  return names;
}

std::string ExpandHome(const std::string& path) {
  if (path.empty() || path[0] != '~') return path;
  const std::string name = path.substr(1, path.find('/') == std::string::npos ? path.npos : path.find('/') - 1);
  const char* home = name.empty() ? std::getenv("HOME") : nullptr;
  if (home == nullptr || *home == '\0') {
    const passwd* const entry = name.empty() ? getpwuid(getuid()) : getpwnam(name.c_str());
    home = entry != nullptr ? entry->pw_dir : nullptr;
  }
  return home == nullptr || *home == '\0' ? path : home + path.substr(1 + name.size());
}

}  // namespace sid
