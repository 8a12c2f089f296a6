#pragma once

// Folders and files made by hand for the tests of the loaders, and the real sets where they lie beside the tree.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"

namespace sid {

// An empty folder of the running test, by its path without symbolic links.
inline std::string NewFolder() {
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  const std::string path = testing::TempDir() + "/" + test->test_suite_name() + "." + test->name();
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return std::filesystem::canonical(path).string();
}

// Makes the file's folder too.
inline void WriteTestFile(const std::string& path, std::string_view bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const absl::Status written = WriteFileAtomically(path, bytes);
  ASSERT_TRUE(written.ok()) << written;
}

// The folder of the real data sets, or "": then a test skips.
inline std::string RealDataFolder() {
  const char* const folder = std::getenv("SID_DATA_DIR");
  return folder == nullptr ? "" : folder;
}

inline constexpr char kNoRealData[] = "real files are tested with --test_env=SID_DATA_DIR=DIR, the folder of the sets";

}  // namespace sid
