#include "train/workers.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/machine/cuda_graph.h"
#include "base/machine/limits.h"
#include "base/release/release.h"
#include "base/status.h"
#include "pipeline/rank_pipeline.h"
#include "pipeline/thread_pipeline.h"
#include "pipeline/tick_pipeline.h"
#include "train/output/run_folder.h"

namespace sid {

absl::Status CountWorkers(const RankOptions& ranks, TrainConfig& config) {
  if (ranks.size > 1) {
    if (config.pipeline > 1 && config.pipeline != ranks.size) {
      return absl::InvalidArgumentError(absl::StrCat("--pipeline=", config.pipeline, " and WORLD_SIZE=", ranks.size,
                                                     ": each process is one worker, so leave --pipeline out"));
    }
    config.pipeline = ranks.size;
  } else if (config.pipeline > 1 && config.threads == 0) {
    config.threads =
        std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), UsableProcessors()) / config.pipeline);
  }
  return absl::OkStatus();
}

SidLearner& StagesOf(const PreparedRun& run) { return dynamic_cast<SidLearner&>(*run.learner); }

absl::StatusOr<Workers> StartWorkers(RankOptions options, const PreparedRun& run) {
  Workers workers;
  if (run.config.pipeline == 1) return workers;
  if (options.size == 1) {
    const bool on_gpu = run.device.is_cuda();
    auto graph = run.config.capture ? MakeCudaGraph(run.device) : nullptr;
    workers.pipeline = on_gpu ? MakeTickPipeline(StagesOf(run), run.config.pipeline, std::move(graph))
                              : MakeThreadPipeline(StagesOf(run), run.config.pipeline);
    return workers;
  }
  if (run.device.is_cuda())
    return absl::InvalidArgumentError("ranks work on CPUs so far: use --device=cpu, or one process with --pipeline");
  options.timeout = std::chrono::seconds(run.config.rank_timeout);
  Settings settings = DecidingSettings(run);
  settings.emplace_back("commit", Commit());
  SID_ASSIGN_OR_RETURN(workers.ranks, Ranks::Join(options, settings));
  if (options.rank == 0) workers.pipeline = MakeRankPipeline(*workers.ranks, StagesOf(run));
  return workers;
}

}  // namespace sid
