#pragma once

// Ties the probe (sid/theory/probe.h) to a prepared run: every so many steps, on a fixed batch of the validation part.

#include <functional>

#include "absl/status/status.h"
#include "sid/theory/probe.h"
#include "train/prepare.h"
#include "training/trainer.h"

namespace sid {

// Sets the step hooks so that `on_record` receives the record of every run.config.probe_every-th step, the first included;
// its error stops the training. Changes nothing where probe_every is 0. `run` must outlive the hooks.
//
// The batch has as many examples as one of training's, so that the cost is the same part of it whatever the model: two
// forward passes of some three that a step costs, less than 1 % at every hundredth step (//bench:probe; docs/training.md has the
// figure). Without a validation part the examples are the training set's, as they are without augmentation; the test set is
// never looked at.
void AddProbe(const PreparedRun& run, const std::function<absl::Status(const ProbeRecord&)>& on_record,
              TrainingHooks& hooks);

}  // namespace sid
