#pragma once

// Whole files, read and written so that an error names the file and a crash leaves no half of one.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// The bytes of a file. NotFound, PermissionDenied or DataLoss name the path; FailedPrecondition a folder, a pipe or a device.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// A file read from its beginning on, piece by piece.
class FileReader {
 public:
  static absl::StatusOr<FileReader> Open(const std::string& path);
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&& other) noexcept;
  ~FileReader();

  // Bytes, when it was opened.
  uint64_t size() const { return size_; }
  // The next `count` bytes. DataLoss when the file ends before.
  absl::Status Read(void* bytes, uint64_t count);

 private:
  FileReader(int descriptor, uint64_t size, std::string path);
  int descriptor_;
  uint64_t size_;
  std::string path_;
};

// Writes beside `path`, syncs, renames and syncs the folder: a reader, and a machine that loses its power, sees the old bytes
// or the new ones, never a part.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

// The same for bytes that lie in several places, written one after the other.
absl::Status WriteFileAtomically(const std::string& path, const std::vector<std::string_view>& parts);

// Adds to the file's end, creating it where there is none, and syncs both file and name. A fault may leave a part of the bytes.
absl::Status AppendToFile(const std::string& path, std::string_view bytes);

// Bytes; 0 where there is no such file.
absl::StatusOr<int64_t> FileSize(const std::string& path);

// Cuts the file to its first `length` bytes. DataLoss when it has fewer.
absl::Status CutFile(const std::string& path, uint64_t length);

// Removes what WriteFileAtomically has left in a folder where the process was killed, of the files whose names `is_ours`
// knows: all others are somebody else's, whatever they are called. Only for a folder that nobody else is writing in.
void RemoveUnfinishedFiles(const std::string& folder, const std::function<bool(const std::string& name)>& is_ours);

// Creates the folder and its parents where needed, their names synced.
absl::Status CreateFolder(const std::string& path);

// The same, and tries that a file can be written in it.
absl::Status EnsureWritableFolder(const std::string& path);

}  // namespace sid
