#pragma once

// Folders and files made by hand for the tests of the loaders, and the real sets where they lie beside the tree.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

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

inline std::string BigEndian(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

// MNIST's files in `folder`, with few images: image i is of one gray level that tells its class, i modulo 10.
inline void WriteMnist(const std::string& folder, uint32_t train_images, uint32_t test_images) {
  for (const auto& [part, count] : {std::pair("train", train_images), std::pair("t10k", test_images)}) {
    std::string images = BigEndian(0x803) + BigEndian(count) + BigEndian(28) + BigEndian(28);
    std::string labels = BigEndian(0x801) + BigEndian(count);
    for (uint32_t i = 0; i < count; ++i) {
      images.append(28 * 28, static_cast<char>(25 * (i % 10)));
      labels.push_back(static_cast<char>(i % 10));
    }
    WriteTestFile(folder + "/" + part + "-images-idx3-ubyte", images);
    WriteTestFile(folder + "/" + part + "-labels-idx1-ubyte", labels);
  }
}

// The folder of the real data sets, or "": then a test skips.
inline std::string RealDataFolder() {
  const char* const folder = std::getenv("SID_DATA_DIR");
  return folder == nullptr ? "" : folder;
}

inline constexpr char kNoRealData[] = "real files are tested with --test_env=SID_DATA_DIR=DIR, the folder of the sets";

}  // namespace sid
