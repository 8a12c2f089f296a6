#include "train/failure.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/machine/device.h"
#include "baselines/learners.h"

namespace sid {
namespace {

// What `auto` and `cuda` stand for.
std::string DeviceOf(const TrainConfig& config) {
  const auto device = ParseDevice(config.device);
  return device.ok() ? device->str() : config.device;
}

std::string OutOfMemory(const TrainConfig& config, const std::string& device) {
  std::vector<std::string> hints;
  if (config.batch_size > 1) hints.push_back(absl::StrCat("--batch_size=", config.batch_size / 2));
  if (config.depth > 1) hints.push_back(absl::StrCat("--depth=", config.depth / 2));
  const bool chunks = FindLearner(config.learner).value_or(LearnerKind{}).local_losses && config.executor != "serial" &&
                      config.clip_norm == 0;
  if (chunks && config.chunk == 0 && config.depth > 1)
    hints.push_back(absl::StrCat("--chunk=", config.depth / 2, ", which keeps both"));
  std::string text = absl::StrCat("out of memory on ", device, " with --batch_size=", config.batch_size,
                                  " and --depth=", config.depth);
  if (!hints.empty()) absl::StrAppend(&text, ": try ", absl::StrJoin(hints, ", or "));
  // Another setting is another run.
  if (!hints.empty() && !config.out.empty()) absl::StrAppend(&text, ", in a new --out");
  return text;
}

}  // namespace

std::string DescribeFailure(const std::exception& error, const TrainConfig& config) {
  switch (RecogniseDeviceFailure(error)) {
    case DeviceFailure::kOutOfHostMemory:
      return OutOfMemory(config, "cpu");
    case DeviceFailure::kOutOfDeviceMemory:
      return OutOfMemory(config, DeviceOf(config));
    case DeviceFailure::kDeviceFailed:
      return absl::StrCat(DeviceOf(config), ": ", DescribeDeviceFailure(error),
                          config.out.empty() ? "" : "; --resume goes on from the last checkpoint");
    case DeviceFailure::kNone:
      break;
  }
  return DescribeDeviceFailure(error);
}

}  // namespace sid
