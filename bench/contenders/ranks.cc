#include "bench/contenders/ranks.h"

#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/machine/limits.h"
#include "base/status.h"
#include "baselines/backpropagation.h"
#include "baselines/learners.h"
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

// Processes of this one; with it they have ended.
class Children {
 public:
  Children() = default;
  Children(Children&& other) noexcept : pids_(std::exchange(other.pids_, {})) {}
  ~Children() {
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
  }

  // The same program once more, with more variables. Its errors go where this one's go.
  absl::Status Start(const std::vector<std::string>& variables) {
    std::string text = ReadKernelFile("/proc/self/cmdline");
    std::vector<std::string> command =
        absl::StrSplit(absl::StripSuffix(text, absl::string_view("\0", 1)), absl::ByChar('\0'));
    std::vector<std::string> environment = variables;
    for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, Pointers(command).data(), Pointers(environment).data());
    if (error != 0) return absl::ResourceExhaustedError(absl::StrCat("cannot start a rank: ", std::strerror(error)));
    pids_.push_back(pid);
    return absl::OkStatus();
  }

  void Kill() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
  }

 private:
  static std::vector<char*> Pointers(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  std::vector<pid_t> pids_;
};

class OverRanks : public Pipeline {
 public:
  OverRanks(Children children, std::unique_ptr<Ranks> ranks, std::unique_ptr<Pipeline> pipeline)
      : children_(std::move(children)), ranks_(std::move(ranks)), pipeline_(std::move(pipeline)) {}

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    return pipeline_->Begin(batch, learning_rate);
  }
  std::vector<at::Tensor> Drain() override { return pipeline_->Drain(); }
  void TakeState() override { pipeline_->TakeState(); }
  double BytesPerStep() const override { return pipeline_->BytesPerStep(); }

 private:
  Children children_;  // end last, as they serve the others
  std::unique_ptr<Ranks> ranks_;
  std::unique_ptr<Pipeline> pipeline_;
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

absl::StatusOr<std::unique_ptr<Pipeline>> StartRanks(const Contender& contender, Learner& learner) {
  const RankOptions options{.size = static_cast<int>(contender.depth), .address = kAddress, .port = FreePort()};
  Children children;
  absl::StatusOr<std::unique_ptr<Ranks>> ranks = StartAndJoin(contender, options, children);
  if (!ranks.ok()) {
    children.Kill();
    return ranks.status();
  }
  auto pipeline = contender.schedule == "ranks"
                      ? MakeRankPipeline(**ranks, dynamic_cast<SidLearner&>(learner), Watched::kLosses)
                      : MakeJointPipeline(**ranks, learner, MakePart(contender, **ranks, learner), Watched::kLosses);
  return std::make_unique<OverRanks>(std::move(children), *std::move(ranks), std::move(pipeline));
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
