#pragma once

// Everything that defines a training run, as the user says it. One struct from the flags to config.json: what is not in
// it has no effect on the result.

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace sid {

// The defaults are a recipe for mnist-mini on two cores in two minutes; other data sets want larger batches and more epochs.
struct TrainConfig {
  // What to train.
  std::string learner = "sid";
  std::string dataset = "mnist-mini";
  std::string data_dir;
  int64_t depth = 4;       // L
  int64_t hidden = 256;    // H
  int64_t features = 128;  // D
  std::string initialisation = "kaiming";
  std::string belief_update = "replace";

  // SID's update.
  std::string alpha = "0.5";
  std::string divergence = "forward";
  double smoothing = 0;
  std::string executor = "auto";
  int64_t chunk = 0;
  std::string feature_mode = "reuse";
  std::string extractor_gradient = "sum";

  // The data.
  int64_t train_images = 0;  // of the training set, 0 for all
  double label_noise = 0;
  double validation_fraction = 0.1;
  std::string augmentation = "auto";

  // The optimizer and its schedule.
  int64_t epochs = 5;
  int64_t batch_size = 32;
  std::string optimizer = "adam";
  double learning_rate = 2e-3;
  std::string schedule = "cosine";
  double warmup_epochs = 0.2;
  double weight_decay = 0;
  double momentum = 0.9;
  double clip_norm = 0;

  // How it runs.
  uint64_t seed = 1;
  std::string device = "auto";
  std::string precision = "fp32";
  bool capture = true;
  int64_t threads = 0;
  bool deterministic = false;
  int64_t probe_every = 0;  // steps; 0 for never
  std::string out;

  // What is kept on the way. None of it changes the result, but on_nan=rollback that of a run whose numbers explode.
  int64_t checkpoint_every = 0;  // steps; 0: each epoch
  int64_t keep_checkpoints = 2;
  bool resume = false;
  std::string on_nan = "stop";
};

// The numbers alone: that each is in its range. Names are checked where they are looked up.
absl::Status Validate(const TrainConfig& config);

}  // namespace sid
