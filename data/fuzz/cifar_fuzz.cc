// CIFAR's records: the first byte chooses CIFAR-10's or CIFAR-100's, the rest are as many records as they make.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/fuzzing/input.h"
#include "data/loaders/cifar.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string path = sid::FuzzFolder() + "/records";
  sid::WriteFuzzFile(path, std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  const std::vector<int> limits = data[0] % 2 == 0 ? std::vector<int>{10} : std::vector<int>{20, 100};
  // One more than there are: the last one is cut short.
  const int64_t examples = static_cast<int64_t>((size - 1) / (limits.size() + sid::kCifarPixelBytes)) + data[0] / 2 % 2;
  std::vector<uint8_t> images(examples * sid::kCifarPixelBytes);
  std::vector<int64_t> labels(examples);
  const auto status = sid::ReadCifarRecords("input", path, limits, examples, images.data(), labels.data());
  for (const int64_t label : labels) CHECK(!status.ok() || (label >= 0 && label < limits.back())) << label;
  return 0;
}
