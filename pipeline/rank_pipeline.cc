#include "pipeline/rank_pipeline.h"

#include <exception>
#include <vector>

#include "pipeline/channel.h"
#include "pipeline/first_worker.h"
#include "pipeline/link.h"
#include "pipeline/worker.h"

namespace sid {
namespace {

class RankPipeline : public Pipeline {
 public:
  RankPipeline(Ranks& ranks, SidLearner& learner, Watched watched)
      : workers_(MakeWorkers(learner, ranks.size(), watched)),
        next_(MakeSender(ranks, 1, kForward)),
        homes_(MakeHomes(ranks)) {
    std::vector<Other> others;
    for (int rank = 1; rank < ranks.size(); ++rank) {
      to_them_.push_back(MakeSender(ranks, rank, kFromHome));
      others.push_back({homes_[rank - 1].get(), to_them_.back().get()});
    }
    // Two more than there are ranks: what a rank begins with has come while it was at the one before.
    first_ = std::make_unique<FirstWorker>(learner, workers_, *next_, others, ranks.size() + 1);
  }

  // The others answer, so that the store stays until they have looked.
  ~RankPipeline() override {
    try {
      first_->End();
      next_->Flush();
      for (const auto& home : homes_) {
        while (!home->Receive().empty()) {  // parts of rows that nobody waits for any more
        }
      }
    } catch (const std::exception&) {  // a rank is gone, which has been told, or is told by the rank behind it
    }
  }

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    return first_->Begin(batch, learning_rate);
  }
  std::vector<at::Tensor> Drain() override { return first_->Drain(); }
  void TakeState() override { first_->TakeState(); }
  double BytesPerStep() const override { return first_->BytesPerStep(); }

 private:
  static std::vector<std::unique_ptr<Receiver>> MakeHomes(Ranks& ranks) {
    std::vector<std::unique_ptr<Receiver>> homes;
    for (int rank = 1; rank < ranks.size(); ++rank) homes.push_back(MakeReceiver(ranks, rank, kHome));
    return homes;
  }

  std::vector<Worker> workers_;
  std::unique_ptr<Sender> next_;
  std::vector<std::unique_ptr<Receiver>> homes_;
  std::vector<std::unique_ptr<Sender>> to_them_;
  std::unique_ptr<FirstWorker> first_;
};

}  // namespace

std::unique_ptr<Pipeline> MakeRankPipeline(Ranks& ranks, SidLearner& learner, Watched watched) {
  return std::make_unique<RankPipeline>(ranks, learner, watched);
}

absl::Status ServeRank(Ranks& ranks, SidLearner& learner, Watched watched) {
  std::vector<Worker> workers = MakeWorkers(learner, ranks.size(), watched);
  const int rank = ranks.rank();
  const auto in = MakeReceiver(ranks, rank - 1, kForward), from_home = MakeReceiver(ranks, 0, kFromHome);
  const auto home = MakeSender(ranks, 0, kHome);
  const auto out = rank + 1 < ranks.size() ? MakeSender(ranks, rank + 1, kForward) : nullptr;
  while (ServeOne(workers[rank], {in.get(), out.get(), home.get(), from_home.get()})) {
  }
  const std::string failure = ranks.Failure();
  if (out != nullptr) out->Flush();
  home->Send({});
  home->Flush();
  return failure.empty() ? absl::OkStatus() : absl::AbortedError(failure);
}

}  // namespace sid
