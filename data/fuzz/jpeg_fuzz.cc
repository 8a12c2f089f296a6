// JPEGs, decoded as images of 16x16 pixels into a buffer that ends where they do.

#include <cstdint>
#include <string>
#include <vector>

#include "data/formats/jpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kSide = 16;
  std::vector<uint8_t> planes(3 * kSide * kSide);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)sid::DecodeJpeg(bytes, "input", kSide, kSide, planes.data());
  return 0;
}
