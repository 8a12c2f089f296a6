#include "base/machine/device_failure.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <initializer_list>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sid {
namespace {

bool HasAnyOf(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const char* part) { return absl::StrContains(text, part); });
}

}  // namespace

DeviceFailure RecogniseDeviceFailure(const std::exception& error) {
  const std::string what = error.what();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || HasAnyOf(what, {"DefaultCPUAllocator"}))
    return DeviceFailure::kOutOfHostMemory;
  // Before the errors of a GPU, of which some are of its memory. The first is the driver's, which the allocator's cache has not
  // met; the libraries take memory of their own.
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
      HasAnyOf(what, {"CUDA error: out of memory", "CUDA driver error: out of memory", "CUDA out of memory",
                      "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"})) {
    return DeviceFailure::kOutOfDeviceMemory;
  }
  if (HasAnyOf(what, {"CUDA error", "CUDA driver error", "cuDNN error", "CUDNN_STATUS_", "CUBLAS_STATUS_"}))
    return DeviceFailure::kDeviceFailed;
  return DeviceFailure::kNone;
}

std::string DescribeDeviceFailure(const std::exception& error) {
  const std::string what = error.what();
  std::string first_line = what.substr(0, what.find('\n'));  // the rest is LibTorch's stack
  switch (RecogniseDeviceFailure(error)) {
    case DeviceFailure::kNone:
      return first_line;
    case DeviceFailure::kOutOfHostMemory:
      return absl::StrCat("out of memory (", first_line, "): try smaller sizes");
    case DeviceFailure::kOutOfDeviceMemory:
      return absl::StrCat("out of memory on the GPU (", first_line,
                          "): try smaller sizes; nvidia-smi shows who else uses it");
    case DeviceFailure::kDeviceFailed:
      return absl::StrCat("the GPU failed: ", first_line, "; nvidia-smi shows whether it is lost");
  }
  return first_line;
}

}  // namespace sid
