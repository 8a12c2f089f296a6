#include "data/fetch/extract.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace sid {
namespace {

using Archive = struct archive;
using Entry = struct archive_entry;

constexpr size_t kBlockBytes = 1 << 20;
// Our own checks come first; these are libarchive's, should one of ours have a hole.
constexpr int kWriteFlags = ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT;

absl::Status DamagedArchive(const std::string& path, Archive* archive) {
  const char* reason = archive_error_string(archive);
  return absl::DataLossError(absl::StrCat("cannot unpack ", path, ": ", reason == nullptr ? "unknown format" : reason,
                                          "; remove it and download it again"));
}

absl::Status Unsafe(const std::string& path, const std::string& entry, const std::string& what) {
  return absl::DataLossError(absl::StrCat("refusing to unpack ", path, ": its entry '", entry, "' ", what,
                                          "; this is not the official archive"));
}

absl::Status CheckEntry(const std::string& path, Entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr || *name == '\0') return Unsafe(path, "", "has no readable name");
  const std::filesystem::path relative(name);
  if (relative.is_absolute()) return Unsafe(path, name, "has an absolute path");
  if (std::find(relative.begin(), relative.end(), "..") != relative.end()) {
    return Unsafe(path, name, "leads out of the folder");
  }
  const auto type = archive_entry_filetype(entry);
  if (archive_entry_hardlink(entry) != nullptr || (type != AE_IFREG && type != AE_IFDIR)) {
    return Unsafe(path, name, "is a link or a device");
  }
  return absl::OkStatus();
}

absl::Status CopyBytes(const std::string& path, Archive* reader, Archive* writer) {
  const void* block = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int result = ARCHIVE_OK;
  while ((result = archive_read_data_block(reader, &block, &size, &offset)) == ARCHIVE_OK) {
    if (archive_write_data_block(writer, block, size, offset) < ARCHIVE_OK) {
      return absl::UnavailableError(
          absl::StrCat("cannot unpack ", path, ": ", archive_error_string(writer), "; is the disk full?"));
    }
  }
  return result == ARCHIVE_EOF ? absl::OkStatus() : DamagedArchive(path, reader);
}

absl::Status ExtractEntry(const std::string& path, const std::string& folder, Entry* entry, Archive* reader,
                          Archive* writer) {
  SID_RETURN_IF_ERROR(CheckEntry(path, entry));
  archive_entry_set_pathname(entry, absl::StrCat(folder, "/", archive_entry_pathname(entry)).c_str());
  // Whatever the archive says: everyone may read it, and its owner remove it.
  archive_entry_set_perm(entry, archive_entry_filetype(entry) == AE_IFDIR ? 0755 : 0644);
  if (archive_write_header(writer, entry) < ARCHIVE_WARN) {
    return absl::UnavailableError(absl::StrCat("cannot unpack ", path, ": ", archive_error_string(writer)));
  }
  SID_RETURN_IF_ERROR(CopyBytes(path, reader, writer));
  if (archive_write_finish_entry(writer) < ARCHIVE_WARN) {
    return absl::UnavailableError(absl::StrCat("cannot unpack ", path, ": ", archive_error_string(writer)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ExtractArchive(const std::string& path, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  // Without the caller's own symlinks, which are allowed: libarchive follows none.
  const std::string target = std::filesystem::canonical(folder, error).string();
  if (error) return absl::PermissionDeniedError(absl::StrCat("cannot create ", folder, ": ", error.message()));

  const std::unique_ptr<Archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
  const std::unique_ptr<Archive, decltype(&archive_write_free)> writer(archive_write_disk_new(), archive_write_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_zip(reader.get());
  archive_write_disk_set_options(writer.get(), kWriteFlags);
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) {
    return DamagedArchive(path, reader.get());
  }
  Entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN) {
    SID_RETURN_IF_ERROR(ExtractEntry(path, target, entry, reader.get(), writer.get()));
  }
  return result == ARCHIVE_EOF ? absl::OkStatus() : DamagedArchive(path, reader.get());
}

}  // namespace sid
