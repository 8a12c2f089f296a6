#pragma once

// Archives for tests, good and malicious.

#include <string>
#include <vector>

namespace sid {

struct TestEntry {
  std::string path;
  std::string bytes;
  std::string symlink;   // where it points to; empty for a file
  std::string hardlink;  // likewise
};

enum class ArchiveFormat { kTarGz, kZip };

// Writes the archive; entries with a path that ends with "/" are folders.
void WriteTestArchive(const std::string& path, ArchiveFormat format, const std::vector<TestEntry>& entries);

}  // namespace sid
