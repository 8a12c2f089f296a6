#pragma once

// Decoded images kept in a file, so that a folder of JPEGs is decoded once. The file is worth nothing but time: it is
// used only if everything about it is right, and otherwise made anew.
//
//   header (64 bytes: magic and version, fingerprint of the source, sizes, checksum) | pixels

#include <ATen/core/Tensor.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// The images in the file at `path`, uint8 of these sizes, [N, channels, height, width]. An error says why the file
// cannot serve: there is none, it was written from a source with another fingerprint or for other sizes, is truncated
// or overlong, or its bytes have changed.
absl::StatusOr<at::Tensor> ReadImageCache(const std::string& path, uint64_t fingerprint, at::IntArrayRef sizes);

// Writes contiguous images, atomically.
absl::Status WriteImageCache(const std::string& path, uint64_t fingerprint, const at::Tensor& images);

}  // namespace sid
