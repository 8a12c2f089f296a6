#include "data/fetch/fetch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "data/fetch/extract.h"

namespace sid {
namespace {

namespace fs = std::filesystem;

std::string EffectiveUrl(const RemoteFile& file, const std::string& mirror) {
  if (mirror.empty()) return file.url;
  return absl::StrCat(mirror, mirror.back() == '/' ? "" : "/", file.name());
}

absl::Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("cannot rename ", from, " to ", to, ": ", error.message()));
}

// Holds `folder` for one process; the kernel frees it when that ends, however it ends. The folder itself is the lock,
// so that no lock file stays behind.
absl::StatusOr<int> LockFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", folder));
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  close(descriptor);
  return absl::UnavailableError(absl::StrCat("another download into ", folder, " is running; wait for it to end"));
}

// Sets a file aside whose bytes are not the official ones.
absl::StatusOr<std::string> SetAside(const std::string& path, const std::string& name) {
  const std::string aside = name + ".bad-checksum";
  SID_RETURN_IF_ERROR(Rename(path, aside));
  return aside;
}

absl::StatusOr<bool> IsOfficial(const std::string& path, const RemoteFile& file) {
  SID_ASSIGN_OR_RETURN(const Checksum found, FileChecksum(path, file.checksum.kind));
  return found.hex == file.checksum.hex;
}

absl::Status WrongChecksum(const std::string& url, const std::string& aside, const RemoteFile& file) {
  return absl::DataLossError(absl::StrCat(url, " is not the official file (", fs::file_size(aside), " bytes of ",
                                          file.bytes, ", wrong ", ChecksumName(file.checksum.kind), "); it is kept as ",
                                          aside, "; run the same command again, or try another --mirror"));
}

absl::Status DownloadChecked(const RemoteFile& file, const std::string& path, const FetchOptions& options) {
  const std::string url = EffectiveUrl(file, options.mirror);
  const std::string part = path + ".part";
  std::error_code missing;
  const auto here = fs::file_size(part, missing);
  options.say(absl::StrCat(missing ? "downloading " : absl::StrCat("going on after ", here, " bytes with "), url));
  // A part that has all bytes was interrupted before its checksum.
  if (missing || static_cast<int64_t>(here) < file.bytes) {
    DownloadOptions download = options.download;
    download.progress = [&](int64_t bytes_here) { options.progress(file, bytes_here); };
    SID_RETURN_IF_ERROR(Download(url, part, download));
  }
  SID_ASSIGN_OR_RETURN(const bool is_official, IsOfficial(part, file));
  if (is_official) return Rename(part, path);
  SID_ASSIGN_OR_RETURN(const std::string aside, SetAside(part, path));
  return WrongChecksum(url, aside, file);
}

// The file at `path` is official after this.
absl::Status FetchFile(const RemoteFile& file, const std::string& path, const FetchOptions& options) {
  if (fs::exists(path)) {
    SID_ASSIGN_OR_RETURN(const bool is_official, IsOfficial(path, file));
    if (is_official) {
      options.say(absl::StrCat(path, " is there already, and whole"));
      return absl::OkStatus();
    }
    SID_ASSIGN_OR_RETURN(const std::string aside, SetAside(path, path));
    options.say(absl::StrCat(path, " was there, but is not the official file: it is now ", aside));
  }
  return DownloadChecked(file, path, options);
}

// What a folder lacks, in words, or nothing when it is whole.
std::optional<std::string> FindDefect(const std::string& folder, const std::vector<ExpectedFile>& files) {
  for (const ExpectedFile& file : files) {
    std::error_code error;
    const auto bytes = static_cast<int64_t>(fs::file_size(folder + "/" + file.path, error));
    if (error) return absl::StrCat(folder, "/", file.path, " is missing");
    if (file.bytes != kAnySize && bytes != file.bytes) {
      return absl::StrCat(folder, "/", file.path, " has ", bytes, " bytes, not ", file.bytes);
    }
  }
  return std::nullopt;
}

absl::Status Unpack(const OfficialDataset& dataset, const std::string& archive, const FetchOptions& options) {
  const std::string beside = absl::StrCat(options.out, "/.", dataset.folder, ".part");
  std::error_code ignored;
  fs::remove_all(beside, ignored);  // of an interrupted call
  const absl::Cleanup remove_beside = [&] { fs::remove_all(beside, ignored); };
  options.say(absl::StrCat("unpacking ", archive));
  SID_RETURN_IF_ERROR(ExtractArchive(archive, beside));
  const std::string unpacked = absl::StrCat(beside, "/", dataset.folder);
  if (const auto defect = FindDefect(unpacked, dataset.files)) {
    return absl::DataLossError(absl::StrCat(archive, " does not hold data set ", dataset.name, ": ", *defect));
  }
  // Before the rename: a power cut then leaves no folder of empty files.
  const int descriptor = open(unpacked.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    syncfs(descriptor);
    close(descriptor);
  }
  return Rename(unpacked, absl::StrCat(options.out, "/", dataset.folder));
}

absl::Status FetchArchive(const OfficialDataset& dataset, const std::string& folder, const FetchOptions& options) {
  if (fs::exists(folder)) {
    const auto defect = FindDefect(folder, dataset.files);
    if (!defect) {
      options.say(absl::StrCat(folder, " is there already"));
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(
        absl::StrCat("the folder is there, but not whole: ", *defect, "; move it away and run the command again"));
  }
  const RemoteFile& file = dataset.downloads.front();
  const std::string archive = absl::StrCat(options.out, "/", file.name());
  SID_RETURN_IF_ERROR(FetchFile(file, archive, options));
  SID_RETURN_IF_ERROR(Unpack(dataset, archive, options));
  options.say(absl::StrCat(archive, " is no longer needed"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> Fetch(const OfficialDataset& dataset, const FetchOptions& options) {
  if (!options.mirror.empty() && !absl::StartsWith(options.mirror, "http://") &&
      !absl::StartsWith(options.mirror, "https://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("mirror '", options.mirror, "' is no URL that starts with http:// or https://"));
  }
  SID_RETURN_IF_ERROR(EnsureWritableFolder(options.out));
  SID_ASSIGN_OR_RETURN(const int lock, LockFolder(options.out));
  const absl::Cleanup unlock = [lock] { close(lock); };
  const std::string folder = absl::StrCat(options.out, "/", dataset.folder);
  if (dataset.is_archive) {
    SID_RETURN_IF_ERROR(FetchArchive(dataset, folder, options));
    return folder;
  }
  SID_RETURN_IF_ERROR(EnsureWritableFolder(folder));
  for (const RemoteFile& file : dataset.downloads) {
    SID_RETURN_IF_ERROR(FetchFile(file, absl::StrCat(folder, "/", file.name()), options));
  }
  return folder;
}

}  // namespace sid
