#include "train/config.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace sid {
namespace {

absl::Status Require(bool holds, const std::string& flag, double value, const std::string& range) {
  if (holds) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, " is out of range: ", range));
}

// Far beyond any use, and small enough that no product of two of them overflows 64 bits.
constexpr int64_t kMost = 1'000'000'000;
constexpr int64_t kDeepest = 100'000;  // a list has an entry for each module
// A layer that does not fit into memory is told as that.
constexpr int64_t kMostUnits = 1'000'000'000'000;
constexpr int64_t kMostThreads = 4096;

absl::Status InRange(const std::string& flag, int64_t value, int64_t least, int64_t most = kMost) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", value, " is out of range: it must be from ", least, " to ", most));
}

absl::Status NotNegative(const std::string& flag, double value) {
  return Require(value >= 0 && std::isfinite(value), flag, value, "it must be 0 or more");
}

absl::Status Fraction(const std::string& flag, double value) {
  return Require(value >= 0 && value < 1, flag, value, "it must be in [0, 1)");
}

}  // namespace

absl::Status Validate(const TrainConfig& config) {
  SID_RETURN_IF_ERROR(InRange("depth", config.depth, 1, kDeepest));
  SID_RETURN_IF_ERROR(InRange("hidden", config.hidden, 1, kMostUnits));
  SID_RETURN_IF_ERROR(InRange("features", config.features, 1, kMostUnits));
  SID_RETURN_IF_ERROR(InRange("chunk", config.chunk, 0));
  SID_RETURN_IF_ERROR(InRange("epochs", config.epochs, 1));
  SID_RETURN_IF_ERROR(InRange("batch_size", config.batch_size, 1));
  SID_RETURN_IF_ERROR(Fraction("smoothing", config.smoothing));
  SID_RETURN_IF_ERROR(InRange("train_images", config.train_images, 0));
  SID_RETURN_IF_ERROR(Fraction("label_noise", config.label_noise));
  SID_RETURN_IF_ERROR(Fraction("validation_fraction", config.validation_fraction));
  SID_RETURN_IF_ERROR(Fraction("momentum", config.momentum));
  SID_RETURN_IF_ERROR(Require(config.learning_rate > 0 && std::isfinite(config.learning_rate), "lr",
                              config.learning_rate, "it must be above 0"));
  SID_RETURN_IF_ERROR(Require(config.warmup_epochs >= 0 && config.warmup_epochs <= static_cast<double>(kMost),
                              "warmup_epochs", config.warmup_epochs, absl::StrCat("it must be from 0 to ", kMost)));
  SID_RETURN_IF_ERROR(NotNegative("weight_decay", config.weight_decay));
  SID_RETURN_IF_ERROR(NotNegative("clip_norm", config.clip_norm));
  SID_RETURN_IF_ERROR(InRange("probe_every", config.probe_every, 0));
  SID_RETURN_IF_ERROR(InRange("checkpoint_every", config.checkpoint_every, 0));
  SID_RETURN_IF_ERROR(InRange("keep_checkpoints", config.keep_checkpoints, 1));
  if (config.out.empty() && (config.resume || config.checkpoint_every > 0 || config.on_nan == "rollback")) {
    return absl::InvalidArgumentError(absl::StrCat(config.resume                 ? "--resume"
                                                   : config.checkpoint_every > 0 ? "--checkpoint_every"
                                                                                 : "--on_nan=rollback",
                                                   " needs --out=DIR, the folder that holds the run's checkpoints"));
  }
  return InRange("threads", config.threads, 0, kMostThreads);
}

}  // namespace sid
