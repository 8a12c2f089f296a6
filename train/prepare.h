#pragma once

// From what the user asked for to what can be trained. Everything that can be wrong with it is found here, before any
// training.
//
//   TrainConfig --> names and numbers checked --> data set, split, noise --> network, learner --> PreparedRun

#include <memory>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "sid/learner/learner.h"
#include "sid/theory/probe.h"
#include "train/config.h"
#include "training/trainer.h"

namespace sid {

struct PreparedRun {
  TrainConfig config;  // as asked, but `auto` and what the learner fixes replaced by what is in effect
  at::Device device = at::kCPU;
  Dataset dataset;          // on the device, with its validation part and noise
  std::string fingerprint;  // of the data set, where --out keeps checkpoints; else empty
  TrainingOptions options;
  std::unique_ptr<Learner> learner;  // on the device
  ProbeOptions probe;                // what the theory needs to know of the learner
};

absl::StatusOr<PreparedRun> Prepare(TrainConfig config);

}  // namespace sid
