#include "train/failure.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sid {
namespace {

bool IsOutOfMemory(const std::exception& error, const std::string& what) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr || absl::StrContains(what, "DefaultCPUAllocator") ||
         absl::StrContains(what, "CUDA out of memory") || absl::StrContains(what, "CUBLAS_STATUS_ALLOC_FAILED");
}

std::string DeviceOf(const TrainConfig& config) { return config.device == "auto" ? "the device" : config.device; }

std::string OutOfMemory(const TrainConfig& config) {
  const int64_t batch_size = std::max<int64_t>(config.batch_size / 2, 1),
                depth = std::max<int64_t>(config.depth / 2, 1);
  std::string text =
      absl::StrCat("out of memory on ", DeviceOf(config), " with --batch_size=", config.batch_size,
                   " and --depth=", config.depth, ": try --batch_size=", batch_size, ", or --depth=", depth);
  if (config.learner == "sid" && config.chunk == 0 && config.depth > 1)
    absl::StrAppend(&text, ", or --chunk=", depth, ", which keeps both");
  return text;
}

std::string HowToGoOn(const TrainConfig& config) {
  return config.out.empty() ? "" : "; --resume goes on from the last checkpoint";
}

}  // namespace

std::string DescribeFailure(const std::exception& error, const TrainConfig& config) {
  const std::string what = error.what();
  if (IsOutOfMemory(error, what)) return OutOfMemory(config);
  // The first line says what, the rest is LibTorch's stack.
  const std::string first_line = what.substr(0, what.find('\n'));
  if (absl::StrContains(what, "CUDA error") || absl::StrContains(what, "CUDA driver error"))
    return absl::StrCat("the GPU (", DeviceOf(config), ") failed: ", first_line,
                        "; nvidia-smi shows whether it is lost", HowToGoOn(config));
  return first_line;
}

}  // namespace sid
