#pragma once

// A data set in MNIST's files that trains in a moment, for tests.

#include <cstdint>
#include <string>

#include "data/loaders/files_for_tests.h"

namespace sid {

inline std::string BigEndian(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

// `count` digits: image i is of one gray level that tells its class, i modulo 10.
inline void WriteDigits(const std::string& prefix, uint32_t count, int brightness) {
  std::string images = BigEndian(0x803) + BigEndian(count) + BigEndian(28) + BigEndian(28);
  std::string labels = BigEndian(0x801) + BigEndian(count);
  for (uint32_t i = 0; i < count; ++i) {
    images.append(size_t{28} * 28, static_cast<char>(brightness * static_cast<int>(i % 10)));
    labels.push_back(static_cast<char>(i % 10));
  }
  WriteTestFile(prefix + "-images-idx3-ubyte", images);
  WriteTestFile(prefix + "-labels-idx1-ubyte", labels);
}

// 60 to train with, 20 to test.
inline void WriteDigits(const std::string& folder, int brightness = 25) {
  WriteDigits(folder + "/train", 60, brightness);
  WriteDigits(folder + "/t10k", 20, brightness);
}

}  // namespace sid
