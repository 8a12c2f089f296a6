// Archives of data sets, tar.gz and zip. Whatever they say, nothing but files and folders comes out of them, and nothing lies
// outside of the folder.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "data/fetch/extract.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(sid::FuzzFolder()) / "fetched", folder = root / "deep" / "set";
  fs::remove_all(root);
  fs::create_directories(folder);
  const std::string archive = root / "archive";
  sid::WriteFuzzFile(archive, {reinterpret_cast<const char*>(data), size});
  (void)sid::ExtractArchive(archive, folder);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    CHECK(!entry.is_symlink() && (entry.is_directory() || entry.is_regular_file())) << entry.path();
    const std::string path = entry.path();
    const bool inside = path.rfind(folder.string() + "/", 0) == 0;
    CHECK(inside || path == archive || path == root / "deep" || path == folder) << path;
  }
  return 0;
}
