// MNIST's files, gzipped or not: the first byte chooses images or labels.

#include <cstdint>
#include <string>

#include "data/formats/gunzip.h"
#include "data/formats/idx.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parsed = data[0] % 2 == 0 ? sid::ParseIdxImages(bytes, "input") : sid::ParseIdxLabels(bytes, "input", 10);
  // Nothing is allocated that the file's size cannot justify.
  if (parsed.ok()) CHECK_LE(parsed->numel(), sid::MostGunzipped(static_cast<int64_t>(size)));
  return 0;
}
