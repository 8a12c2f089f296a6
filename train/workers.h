#pragma once

// Who takes a run's steps where these are several workers side by side (pipeline/).
//
//   --pipeline=N                       N threads of this process, or streams of its GPU
//   N processes (pipeline/ranks.h)     a worker each; rank 0 has the pipeline, the others serve it. With local losses they have modules, with
//                                      bp shares of the batch, or blocks (--micro_batches)

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/ranks.h"
#include "train/config.h"
#include "train/prepare.h"
#include "training/pipeline.h"

namespace sid {

struct Workers {
  std::unique_ptr<Ranks> ranks;        // of several processes
  std::unique_ptr<Pipeline> pipeline;  // of several workers; not of ranks other than 0 ...
  std::function<absl::Status()>
      serve;  // ... of these: what they do until rank 0's pipeline ends. It may throw RankLost
};

// Puts into `config` how many workers there are, and how many of LibTorch's threads each has.
absl::Status CountWorkers(const RankOptions& ranks, TrainConfig& config);

// `run` outlives them. Waits for all ranks.
absl::StatusOr<Workers> StartWorkers(RankOptions ranks, const PreparedRun& run);

}  // namespace sid
