#pragma once

// Everything that defines a training run, as the user says it. One struct from the flags to config.json: what is not in
// it has no effect on the result.
//
// A new option is a member here, one entry in train/fields.h, and its use, mostly in train/prepare.cc. Its flag, --help, the
// check of its value, config.json and fuzzing follow from the entry.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

// The defaults are a recipe for mnist-mini on two cores in two minutes; other data sets want larger batches and more epochs.
// train/fields.h says what each is.
struct TrainConfig {
  std::string learner = "sid", dataset = "mnist-mini", data_dir;
  int64_t depth = 4, hidden = 256, features = 128;  // L, H, D
  std::string network = "simple-cnn", partition = "shared", head = "mlp";
  int64_t width = 0;
  bool belief_input = true;
  std::string initialisation = "kaiming", belief_update = "replace";

  std::string alpha = "0.5", divergence = "forward";
  double smoothing = 0;
  double inner_weight = 1;
  bool recompute = false;
  std::string executor = "auto";
  int64_t chunk = 0;
  std::string extractor_gradient = "sum";

  int64_t train_images = 0;
  double label_noise = 0, validation_fraction = 0.1;
  std::string augmentation = "auto";

  int64_t epochs = 5, batch_size = 32;
  std::string optimizer = "adam";
  double learning_rate = 2e-3;
  std::string schedule = "cosine";
  double warmup_epochs = 0.2, weight_decay = 0, momentum = 0.9, clip_norm = 0;

  std::string recipe = "none";
  uint64_t seed = 1;
  std::string device = "auto", precision = "fp32";
  bool capture = true;
  int64_t threads = 0;
  bool deterministic = false;
  int64_t probe_every = 0;

  // None of this changes the result, but on_nan=rollback that of a run with a number that is not finite.
  std::string out;
  int64_t checkpoint_every = 0, keep_checkpoints = 2;
  bool resume = false;
  std::string on_nan = "stop";

  std::string weights;
  bool overlap = false, noisy_validation = false;
  int64_t pipeline = 1, rank_timeout = 1800, join_timeout = 300;
  int64_t micro_batches = 0;
  bool streams = false;
  double feature_scale = 1;
};

// An error is one line; with --help, `*help` receives the text to print and the config means nothing. Not from two threads.
absl::StatusOr<TrainConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help);

// That each number is in its range, each name one that there is, and the folder there that others need. InvalidArgument, in
// one line, for the first that is not so. What depends on device or data set is checked where these are known.
absl::Status Validate(const TrainConfig& config);

// Every option under its flag's name, in the order of train/fields.h.
nlohmann::ordered_json ToJson(const TrainConfig& config);

}  // namespace sid
