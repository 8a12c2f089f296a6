#pragma once

// What fuzz targets have in common: inputs of several parts, parsers that read files, errors of one line.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "third_party/logging/logging.h"

namespace sid {

// Takes the next part off, up to a line "====" or the end.
inline std::string TakePart(std::string_view& input) {
  constexpr std::string_view kSeparator = "\n====\n";
  const size_t end = input.find(kSeparator);
  std::string part(input.substr(0, end));
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + kSeparator.size());
  return part;
}

// A folder of this process, the same in every call, in memory where there is such a disk.
inline const std::string& FuzzFolder() {
  static const auto* const kFolder = [] {
    std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm/sid-fuzz-XXXXXX" : "/tmp/sid-fuzz-XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr) << pattern;
    return new std::string(pattern);
  }();
  return *kFolder;
}

// Plainly, without syncing: thousands a second.
inline void WriteFuzzFile(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  CHECK(file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) << path;
}

// As every error is shown.
inline void CheckIsOneLine(const absl::Status& status) {
  CHECK_EQ(status.message().find('\n'), absl::string_view::npos) << status;
}

}  // namespace sid
