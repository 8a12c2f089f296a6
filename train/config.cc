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

// The largest keep products of them within 64 bits, and a list with an entry for each module within memory: far beyond what
// trains, near enough for a typing error to be told as one.
constexpr int64_t kDeepest = 100'000, kMost = 1'000'000, kMostThreads = 4096;

absl::Status Between(const std::string& flag, int64_t value, int64_t least, int64_t most) {
  return Require(value >= least && value <= most, flag, static_cast<double>(value),
                 absl::StrCat("it must be from ", least, " to ", most));
}

absl::Status AtLeastOne(const std::string& flag, int64_t value) {
  return Require(value >= 1, flag, static_cast<double>(value), "it must be at least 1");
}

absl::Status NotNegative(const std::string& flag, double value) {
  return Require(value >= 0 && std::isfinite(value), flag, value, "it must be 0 or more");
}

absl::Status Fraction(const std::string& flag, double value) {
  return Require(value >= 0 && value < 1, flag, value, "it must be in [0, 1)");
}

}  // namespace

absl::Status Validate(const TrainConfig& config) {
  SID_RETURN_IF_ERROR(Between("depth", config.depth, 1, kDeepest));
  SID_RETURN_IF_ERROR(Between("hidden", config.hidden, 1, kMost));
  SID_RETURN_IF_ERROR(Between("features", config.features, 1, kMost));
  SID_RETURN_IF_ERROR(Between("epochs", config.epochs, 1, kMost));
  SID_RETURN_IF_ERROR(Between("batch_size", config.batch_size, 1, kMost));
  SID_RETURN_IF_ERROR(Fraction("smoothing", config.smoothing));
  SID_RETURN_IF_ERROR(NotNegative("train_images", static_cast<double>(config.train_images)));
  SID_RETURN_IF_ERROR(Fraction("label_noise", config.label_noise));
  SID_RETURN_IF_ERROR(Fraction("validation_fraction", config.validation_fraction));
  SID_RETURN_IF_ERROR(Fraction("momentum", config.momentum));
  SID_RETURN_IF_ERROR(Require(config.learning_rate > 0 && std::isfinite(config.learning_rate), "lr",
                              config.learning_rate, "it must be above 0"));
  SID_RETURN_IF_ERROR(Require(config.warmup_epochs >= 0 && config.warmup_epochs <= static_cast<double>(kMost),
                              "warmup_epochs", config.warmup_epochs, absl::StrCat("it must be from 0 to ", kMost)));
  SID_RETURN_IF_ERROR(NotNegative("weight_decay", config.weight_decay));
  SID_RETURN_IF_ERROR(NotNegative("clip_norm", config.clip_norm));
  SID_RETURN_IF_ERROR(NotNegative("probe_every", static_cast<double>(config.probe_every)));
  SID_RETURN_IF_ERROR(NotNegative("checkpoint_every", static_cast<double>(config.checkpoint_every)));
  SID_RETURN_IF_ERROR(AtLeastOne("keep_checkpoints", config.keep_checkpoints));
  if (config.out.empty() && (config.resume || config.checkpoint_every > 0 || config.on_nan == "rollback")) {
    return absl::InvalidArgumentError(absl::StrCat(config.resume                 ? "--resume"
                                                   : config.checkpoint_every > 0 ? "--checkpoint_every"
                                                                                 : "--on_nan=rollback",
                                                   " needs --out=DIR, the folder that holds the run's checkpoints"));
  }
  return Between("threads", config.threads, 0, kMostThreads);
}

}  // namespace sid
