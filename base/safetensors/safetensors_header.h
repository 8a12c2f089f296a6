#pragma once

// The header of a safetensors file: which tensors it holds, of which type and shape, and where their bytes lie.
//
//   {"__metadata__": {"key": "value"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//
// Offsets count from the end of the header. Whoever wrote the file, nothing in its header is believed: what the parser
// returns covers the data exactly, without gap or overlap, and every tensor's size is that of its type and shape.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

struct SafetensorsEntry {
  std::string name;
  at::ScalarType type;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes from the end of the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their bytes, the first begins at 0
  std::map<std::string, std::string> metadata;
};

// The header as text, with spaces behind it so that the data begins at a multiple of 8 bytes. The types of the entries
// are ones that CheckSafetensorsType lets pass; bytes in a name or in metadata that are no UTF-8 are replaced.
std::string WriteSafetensorsHeader(const SafetensorsHeader& header);

// InvalidArgument for a type that our files do not hold; they do F64, F32, BF16, F16, I64, I32, U8 and BOOL.
absl::Status CheckSafetensorsType(at::ScalarType type);

// `text` is the header of a file that has `data_size` bytes after it. DataLoss says in one line what is wrong with it.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text, uint64_t data_size);

}  // namespace sid
