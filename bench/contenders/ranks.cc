#include "bench/contenders/ranks.h"

#include <csignal>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/command_line/copies.h"
#include "base/machine/limits.h"
#include "base/status.h"
#include "baselines/backpropagation.h"
#include "pipeline/data_parallel.h"
#include "pipeline/gpipe.h"
#include "pipeline/joint_steps.h"
#include "pipeline/rank_pipeline.h"
#include "pipeline/ranks.h"
#include "sid/learner/sid_learner.h"

namespace sid {
namespace {

constexpr char kServes[] = "SID_BENCH_SERVES", kAddress[] = "127.0.0.1";
// Between its samples a rank waits for the others' contenders, which may be many.
constexpr std::chrono::hours kTurn{24};
constexpr std::chrono::seconds kStart{120};  // of a program, on a machine that is busy

// Copies of this program; with it they have ended.
class Children {
 public:
  ~Children() {
    for (const pid_t pid : pids_) EndsWell(pid);
  }

  absl::Status Start(const std::vector<std::string>& variables) {
    const std::vector<std::string> command = absl::StrSplit(
        absl::StripSuffix(ReadKernelFile("/proc/self/cmdline"), absl::string_view("\0", 1)), absl::ByChar('\0'));
    SID_ASSIGN_OR_RETURN(const pid_t pid, StartCopy({command.begin() + 1, command.end()}, variables));
    pids_.push_back(pid);
    return absl::OkStatus();
  }

  void Kill() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
  }

 private:
  std::vector<pid_t> pids_;
};

struct OverRanks {
  Children children;  // end last, as they serve the others
  std::unique_ptr<Ranks> ranks;
  std::unique_ptr<Pipeline> pipeline;
};

absl::StatusOr<std::unique_ptr<Ranks>> JoinRanks(RankOptions options, const Contender& contender) {
  options.timeout = kTurn;
  options.join = kStart;
  return Ranks::Join(options, {{"contender", Label(contender)}});
}

// Rank 0's connections to ranks that are started with it.
absl::StatusOr<std::unique_ptr<Ranks>> StartAndJoin(const Contender& contender, const RankOptions& options,
                                                    Children& children) {
  for (int rank = 1; rank < options.size; ++rank) {
    SID_RETURN_IF_ERROR(children.Start(
        {absl::StrCat("RANK=", rank), absl::StrCat("WORLD_SIZE=", options.size), absl::StrCat("MASTER_ADDR=", kAddress),
         absl::StrCat("MASTER_PORT=", options.port), absl::StrCat(kServes, "=", Label(contender))}));
  }
  return JoinRanks(options, contender);
}

std::unique_ptr<JointPart> MakePart(const Contender& contender, Ranks& ranks, const Learner& learner) {
  const auto& bp = dynamic_cast<const BackpropagationLearner&>(learner);
  return contender.schedule == "gpipe" ? MakeGPipe(ranks, bp, kMicroBatches) : MakeDataParallel(ranks, bp);
}

}  // namespace

bool IsOverRanks(const Contender& contender) {
  return contender.schedule == "ranks" || contender.schedule == "data-parallel" || contender.schedule == "gpipe";
}

absl::StatusOr<std::shared_ptr<Pipeline>> StartRanks(const Contender& contender, Learner& learner) {
  const RankOptions options{.size = static_cast<int>(contender.depth), .address = kAddress, .port = FreePort()};
  auto all = std::make_shared<OverRanks>();
  absl::StatusOr<std::unique_ptr<Ranks>> ranks = StartAndJoin(contender, options, all->children);
  if (!ranks.ok()) {
    all->children.Kill();
    return ranks.status();
  }
  all->ranks = *std::move(ranks);
  Ranks& joined = *all->ranks;
  all->pipeline = contender.schedule == "ranks"
                      ? MakeRankPipeline(joined, dynamic_cast<SidLearner&>(learner), Watched::kLosses)
                      : MakeJointPipeline(joined, learner, MakePart(contender, joined, learner), Watched::kLosses);
  return std::shared_ptr<Pipeline>(all, all->pipeline.get());
}

std::string ServedLabel() {
  const char* const label = std::getenv(kServes);
  return label == nullptr ? "" : label;
}

absl::Status Serve(const Contender& contender, const Problem& problem) {
  SID_ASSIGN_OR_RETURN(const RankOptions options, RanksFromEnvironment(std::getenv));
  Activate(contender, at::kCPU);
  SID_ASSIGN_OR_RETURN(const std::unique_ptr<Learner> learner, MakeContender(contender, problem, at::kCPU));
  SID_ASSIGN_OR_RETURN(const std::unique_ptr<Ranks> ranks, JoinRanks(options, contender));
  if (contender.schedule == "ranks") return ServeRank(*ranks, dynamic_cast<SidLearner&>(*learner), Watched::kLosses);
  return ServeJointly(*ranks, *learner, *MakePart(contender, *ranks, *learner), Watched::kLosses);
}

}  // namespace sid
