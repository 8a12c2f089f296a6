#pragma once

// A whole run, from a config to its folder:
//
//   TrainConfig --BeginRun--> prepared run, folder, state to go on from --CompleteRun--> trained, told and kept

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/ranks.h"
#include "train/config.h"
#include "train/output/run_folder.h"
#include "train/prepare.h"
#include "train/workers.h"

namespace sid {

// The world around a run.
struct RunSurroundings {
  std::ostream& out;
  std::function<double()> clock;       // seconds since any fixed time
  std::function<double()> wall_clock;  // seconds since 1970
  int terminal_columns = 0;            // 0 for no terminal
  std::function<bool()> stop = [] { return false; };
};

struct Run {
  // The folder and the pipeline refer to it, so it does not move.
  std::unique_ptr<PreparedRun> prepared;
  std::optional<RunFolder> folder;    // none without --out
  std::optional<TrainingState> from;  // to go on from
  Workers workers;
};

// Finds everything that can be wrong with what was asked. Broken checkpoints that are passed over are told to `warn`. With several ranks
// it waits for all of them; rank 0 alone has a folder.
absl::StatusOr<Run> BeginRun(TrainConfig config, const std::function<void(const std::string&)>& warn,
                             const RankOptions& ranks = {});

// Trains, shows and keeps the result; a rank other than 0 does its part of it. Cancelled, when it was stopped, says how to go on.
absl::Status CompleteRun(const RunSurroundings& surroundings, Run& run);

}  // namespace sid
