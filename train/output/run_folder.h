#pragma once

// The folder of one run (--out), written as the run goes on:
//
//   config.json          every effective setting, the pixels' statistics, commit and machine, before training
//   metrics.jsonl        a line for each epoch, and for each probe, {"probe": step, ...}; synced
//   events.out.tfevents.sid   both for TensorBoard (--logdir=DIR)
//   checkpoints/         the last states, to go on from
//   summary.json         the test result by depth, at the end
//   weights.safetensors  the best epoch's weights, at the end
//   report.html          curves by epoch and depth (report_page.h), at the end
//
// Lists go over depth, from 1 to L. Where a depth has no loss of its own there is null.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sid/theory/diagnostics.h"
#include "sid/theory/probe.h"
#include "train/prepare.h"
#include "training/checkpoint_folder.h"
#include "training/trainer.h"

namespace sid {

// Of all that decides the result: a run goes on only where they are the same, and so are those of its ranks.
Settings DecidingSettings(const PreparedRun& run);

class RunFolder {
 public:
  // Creates the folder of `run`, which must outlive this, or opens it to go on (config.resume). An error when it can't be written
  // or locked, another process works in it, or it holds a run already that is not to go on: none is overwritten by another.
  static absl::StatusOr<RunFolder> Open(const PreparedRun& run);

  // The state to go on from: the newest whole checkpoint, each broken one before it told to `warn`. What the outputs hold
  // beyond it is cut off, so that a line is never there twice; one that has become shorter begins anew, with a warning. NotFound where training has
  // not begun. An error names the first setting that differs from the run's, or what is missing.
  absl::StatusOr<TrainingState> Load(const std::function<void(const std::string&)>& warn) const;

  absl::Status WriteConfig() const;
  // `wall_time` in seconds since 1970.
  absl::Status AppendEpoch(const EpochRecord& record, double wall_time) const;
  absl::Status AppendProbe(const ProbeRecord& record, const std::vector<Diagnosis>& diagnoses, double wall_time) const;
  // The probes' records in metrics.jsonl, as far as the diagnostics need them.
  absl::StatusOr<std::vector<ProbeRecord>> ReadProbes() const;
  absl::Status Save(const TrainingState& state) const;
  absl::Status WriteResult(const TrainingResult& result) const;

 private:
  explicit RunFolder(const PreparedRun& run);
  // To the lengths that a checkpoint names; none where one of them is no output's.
  absl::Status CutOutputs(const std::map<std::string, int64_t>& lengths) const;
  std::string File(const char* name) const;

  const PreparedRun* run_;
  CheckpointFolder checkpoints_;
  Settings settings_;
  // Holds the kernel's lock on the folder, which ends with the process whatever ends that.
  std::shared_ptr<void> lock_;
};

}  // namespace sid
