#pragma once

// The folder of one run (--out), written as the run goes on:
//
//   config.json          every effective setting, commit and machine, before training
//   metrics.jsonl        a line for each epoch, and for each probe, {"probe": step, ...}; flushed
//   events.out.tfevents.sid   the probes for TensorBoard (--logdir=DIR)
//   summary.json         the test result by depth, at the end
//   weights.safetensors  the best epoch's weights, at the end
//
// Lists go over depth, from 1 to L. Where a depth has no loss of its own there is null.

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sid/theory/probe/diagnostics.h"
#include "sid/theory/probe/probe.h"
#include "sid/training/trainer.h"
#include "train/output/event_file.h"
#include "train/prepare.h"

namespace sid {

class RunFolder {
 public:
  // Creates it. An error when it can't be written, or holds a run already: results are never overwritten.
  static absl::StatusOr<RunFolder> Create(const std::string& path);

  absl::Status WriteConfig(const PreparedRun& run) const;
  absl::Status AppendEpoch(const EpochRecord& record);
  // `wall_time` in seconds since 1970.
  absl::Status AppendProbe(const ProbeRecord& record, const std::vector<Diagnosis>& diagnoses, double wall_time);
  absl::Status WriteResult(const PreparedRun& run, const TrainingResult& result) const;

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  absl::Status AppendMetrics(const nlohmann::ordered_json& line);

  std::string path_;
  std::ofstream metrics_;
  std::optional<EventFile> events_;  // from the first probe on
};

}  // namespace sid
