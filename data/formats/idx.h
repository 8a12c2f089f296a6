#pragma once

// The idx format of MNIST, gzipped or not: a header (magic, then the size of each dimension, big-endian) and bytes.
//
//   file --ReadFile--> bytes --[inflate]--> header + values --no copy--> tensor
//
// A header is a promise of the file, not a fact: nothing is allocated that the file's own size cannot justify, and a
// gzip stream is inflated no further than what its header promises.

#include <ATen/core/Tensor.h>

#include <string>

#include "absl/status/statusor.h"

namespace sid {

// Three-dimensional idx -> uint8 [N, 1, rows, columns]. `where` names the bytes in errors: DataLoss for a wrong magic,
// bytes missing or left over, or a damaged gzip stream.
absl::StatusOr<at::Tensor> ParseIdxImages(std::string bytes, const std::string& where);

// One-dimensional idx -> int64 [N], each in [0, classes); the error names the example.
absl::StatusOr<at::Tensor> ParseIdxLabels(std::string bytes, const std::string& where, int64_t classes);

}  // namespace sid
