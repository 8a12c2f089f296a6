#pragma once

// JPEGs decoded with libjpeg-turbo into planes of bytes, the layout of our tensors.
//
//   paths --threads: ReadFile, DecodeJpeg--> uint8 [N, 3, height, width]

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// Decodes into `planes`, 3 x height x width bytes: red, green, blue; a gray image has the same three times. The error
// names `where`: DataLoss for bytes that are no JPEG with all its pixels (where libjpeg warns and invents them, this is an error; where it
// warns and has them, it is none), InvalidArgument for an image of another size or in CMYK.
absl::Status DecodeJpeg(const std::string& bytes, const std::string& where, int64_t height, int64_t width,
                        uint8_t* planes);

// Decodes file i into images[i], contiguous uint8 [N, 3, height, width], on `threads` threads (0: one for each usable
// processor).
// Of several errors it returns that of the first file, whatever the threads did.
absl::Status DecodeJpegFiles(const std::vector<std::string>& paths, int threads, const at::Tensor& images);

}  // namespace sid
