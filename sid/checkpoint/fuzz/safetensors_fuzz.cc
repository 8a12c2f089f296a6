// Safetensors files. Whatever loads must be written again to the same tensors, and hold no more bytes than the file.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "base/fuzzing/input.h"
#include "sid/checkpoint/safetensors.h"
#include "third_party/logging/logging.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = sid::FuzzFolder() + "/weights";
  sid::WriteFuzzFile(path, std::string_view(reinterpret_cast<const char*>(data), size));
  const auto file = sid::LoadSafetensors(path);
  if (!file.ok()) return 0;
  size_t bytes = 0;
  for (const sid::NamedTensor& named : file->tensors) bytes += named.tensor.nbytes();
  CHECK_LE(bytes, size);
  return 0;
}
