// Gzip streams; the first two bytes are the limit.

#include <cstdint>
#include <string>

#include "data/formats/gunzip.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const int64_t limit = data[0] | data[1] << 8;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto inflated = sid::Gunzip(bytes, limit, "input");
  if (inflated.ok()) CHECK_LE(static_cast<int64_t>(inflated->size()), limit);
  return 0;
}
