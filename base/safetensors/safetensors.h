#pragma once

// Named tensors in a file of the safetensors format (https://huggingface.co/docs/safetensors), which Python's
// safetensors package reads too:
//
//   8 bytes: length of the header, little-endian | header: JSON | bytes of all tensors, one after the other

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/tensors.h"

namespace sid {

struct SafetensorsFile {
  std::vector<NamedTensor> tensors;             // contiguous, on the CPU
  std::map<std::string, std::string> metadata;  // text beside the tensors
};

// Writes tensors of any device and layout, those with the larger elements first (so that each is aligned), otherwise in
// the order given; a reader sees the old file or the whole new one. Types are double, float, bfloat16, half, int64,
// int32, uint8 and bool. InvalidArgument for another type or a name that comes twice; system errors name the path.
absl::Status SaveSafetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                             const std::map<std::string, std::string>& metadata);

// The tensors in the order of their data. NotFound and its like for a file that cannot be opened, DataLoss for one that
// is damaged or of another format; both name the path.
absl::StatusOr<SafetensorsFile> LoadSafetensors(const std::string& path);

}  // namespace sid
