// The cache of decoded images, whose header and checksum must not let a wrong one pass.

#include <cstdint>
#include <string_view>

#include "base/fuzzing/input.h"
#include "data/formats/image_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = sid::FuzzFolder() + "/cache";
  sid::WriteFuzzFile(path, std::string_view(reinterpret_cast<const char*>(data), size));
  (void)sid::ReadImageCache(path, /*fingerprint=*/7, {2, 3, 2, 2});
  return 0;
}
