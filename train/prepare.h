#pragma once

// From what the user asked for to what can be trained. Everything that can be wrong with it is found here, before any
// training.
//
//   TrainConfig --> names and numbers checked --> data set, split, noise --> network, learner --> PreparedRun

#include <functional>
#include <memory>

#include "absl/status/status.h"
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

// Ties the probe (sid/theory/probe.h) to a prepared run: every so many steps, on a fixed batch of the validation part.

// Sets the step hooks so that `on_record` receives the record of every run.config.probe_every-th step, the first included;
// its error stops the training. Changes nothing where probe_every is 0. `run` must outlive the hooks.
//
// The batch has as many examples as one of training's, so that the cost is the same part of it whatever the model: two forward passes of
// some three that a step costs, less than 1 % at every hundredth step (docs/training.md has the figure). Without a validation part the
// examples are the training set's, as they are without augmentation; the test set is never looked at.
void AddProbe(const PreparedRun& run, const std::function<absl::Status(const ProbeRecord&)>& on_record,
              TrainingHooks& hooks);

}  // namespace sid
