#include "train/workers.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/machine/cuda_graph.h"
#include "base/machine/limits.h"
#include "base/release/release.h"
#include "base/status.h"
#include "baselines/learners.h"
#include "baselines/petra.h"
#include "pipeline/data_parallel.h"
#include "pipeline/gpipe.h"
#include "pipeline/joint_steps.h"
#include "pipeline/nccl/nccl.h"
#include "pipeline/rank_pipeline.h"
#include "pipeline/thread_pipeline.h"
#include "pipeline/tick_pipeline.h"
#include "train/output/run_folder.h"

namespace sid {

namespace {

// A rank's own one of the GPUs that it sees, where it is not told which.
absl::Status UseOwnGpu(int local_rank, std::string& device) {
  const int64_t gpus = at::hasCUDA() ? static_cast<int64_t>(at::getNumGPUs()) : 0;
  if (device != "cuda" && (device != "auto" || gpus == 0)) return absl::OkStatus();
  if (local_rank < gpus) {
    device = absl::StrCat("cuda:", local_rank);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("LOCAL_RANK=", local_rank,
                                                 " has no GPU of its own, as this machine shows ", gpus,
                                                 ": start a rank a GPU, or one process with --pipeline, which makes "
                                                 "the workers streams of one GPU, or use --device=cpu"));
}

}  // namespace

absl::Status CountWorkers(const RankOptions& ranks, TrainConfig& config) {
  if (ranks.size > 1) {
    if (config.pipeline > 1 && config.pipeline != ranks.size) {
      return absl::InvalidArgumentError(absl::StrCat("--pipeline=", config.pipeline, " and WORLD_SIZE=", ranks.size,
                                                     ": each process is one worker, so leave --pipeline out"));
    }
    config.pipeline = ranks.size;
    return UseOwnGpu(ranks.local_rank, config.device);
  } else if (config.pipeline > 1 && config.threads == 0) {
    config.threads =
        std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), UsableProcessors()) / config.pipeline);
  }
  return absl::OkStatus();
}

namespace {

SidLearner& StagesOf(const PreparedRun& run) { return dynamic_cast<SidLearner&>(*run.learner); }

void ShareOutModules(const PreparedRun& run, Workers& workers) {
  Ranks& ranks = *workers.ranks;
  SidLearner& learner = StagesOf(run);
  if (ranks.rank() == 0)
    workers.pipeline = MakeRankPipeline(ranks, learner);
  else
    workers.serve = [&ranks, &learner] { return ServeRank(ranks, learner); };
}

void ShareOutSteps(const PreparedRun& run, Workers& workers) {
  Ranks& ranks = *workers.ranks;
  const auto& learner = dynamic_cast<const BackpropagationLearner&>(*run.learner);
  const auto make_part = [&ranks, &learner, micro_batches = run.config.micro_batches] {
    return micro_batches > 0 ? MakeGPipe(ranks, learner, micro_batches) : MakeDataParallel(ranks, learner);
  };
  if (ranks.rank() == 0)
    workers.pipeline = MakeJointPipeline(ranks, learner, make_part());
  else
    workers.serve = [&ranks, &learner, make_part] { return ServeJointly(ranks, learner, *make_part()); };
}

}  // namespace

absl::StatusOr<Workers> StartWorkers(RankOptions options, const PreparedRun& run) {
  Workers workers;
  SID_ASSIGN_OR_RETURN(const LearnerKind learner, FindLearner(run.config.learner));
  if (learner.reversible) workers.pipeline = MakePetraPipeline(dynamic_cast<PetraLearner&>(*run.learner));
  if (run.config.pipeline == 1) return workers;
  if (options.size == 1 && !learner.local_losses) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--pipeline=", run.config.pipeline, " of --learner=", run.config.learner, " is of processes: tools/launch ",
        run.config.pipeline, " -- ... starts them, without --pipeline"));
  }
  if (options.size == 1) {
    const bool on_gpu = run.device.is_cuda();
    auto graph = run.config.capture ? MakeCudaGraph(run.device) : nullptr;
    workers.pipeline = on_gpu ? MakeTickPipeline(StagesOf(run), run.config.pipeline, std::move(graph))
                              : MakeThreadPipeline(StagesOf(run), run.config.pipeline);
    return workers;
  }
  options.device = run.device;
  if (run.device.is_cuda()) {
    c10::impl::VirtualGuardImpl(run.device.type()).setDevice(run.device);
    UseNccl(options);
  }
  options.timeout = std::chrono::seconds(run.config.rank_timeout);
  options.join = std::chrono::seconds(run.config.join_timeout);
  Settings settings = DecidingSettings(run);
  settings.emplace_back("commit", Commit());
  SID_ASSIGN_OR_RETURN(workers.ranks, Ranks::Join(options, settings));
  (learner.local_losses ? ShareOutModules : ShareOutSteps)(run, workers);
  return workers;
}

}  // namespace sid
