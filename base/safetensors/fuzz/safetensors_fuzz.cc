// Safetensors files. Whatever loads holds no more bytes than the file, can be written again, and is the same then.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/fuzzing/input.h"
#include "base/safetensors/safetensors.h"
#include "third_party/logging/logging.h"

namespace {

// Type, shape and bytes of each tensor: no number, as NaN is unlike itself.
std::map<std::string, std::string> Describe(const sid::SafetensorsFile& file) {
  std::map<std::string, std::string> tensors;
  for (const auto& [name, tensor, role, module] : file.tensors) {
    std::string& text = tensors[name];
    text = c10::toString(tensor.scalar_type());
    for (const int64_t size : tensor.sizes()) text += " " + std::to_string(size);
    text.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return tensors;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = sid::FuzzFolder() + "/weights";
  sid::WriteFuzzFile(path, std::string_view(reinterpret_cast<const char*>(data), size));
  const auto file = sid::LoadSafetensors(path);
  sid::CheckIsOneLine(file.status());
  if (!file.ok()) return 0;
  size_t bytes = 0;
  for (const sid::NamedTensor& named : file->tensors) bytes += named.tensor.nbytes();
  CHECK_LE(bytes, size);
  CHECK(sid::SaveSafetensors(path, file->tensors, file->metadata).ok());
  const auto again = sid::LoadSafetensors(path);
  CHECK(again.ok()) << again.status();
  CHECK(Describe(*again) == Describe(*file) && again->metadata == file->metadata);
  return 0;
}
