#include "pipeline/joint_steps.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "pipeline/channel.h"
#include "pipeline/collectives.h"
#include "pipeline/link.h"
#include "pipeline/worker.h"

namespace sid {
namespace {

// What any rank does of a step.
class Member {
 public:
  Member(Ranks& ranks, const Learner& learner, JointPart& part, Watched watched)
      : ranks_(ranks),
        learner_(learner),
        part_(part),
        watch_(part.Watches(), watched),
        columns_(ColumnsOfRow(learner)) {
    for (int other = 1; ranks.rank() > 0 && other < ranks.size(); ++other) {
      if (other != ranks.rank()) present_.push_back(MakeReceiver(ranks, other, kPresence));
    }
  }

  void Step(const std::vector<at::Tensor>& needs, const at::Tensor& learning_rate) {
    const JointPart::Seen seen = part_.Step(needs, learning_rate);
    const at::Tensor own = watch_.Row(seen.result, seen.labels);
    own[0].square_();  // of the norm of z: squares can be summed
    // Each time the same: a rank has the loss or not.
    if (!places_.defined())
      places_ = at::tensor(PlacesInRow(learner_, 0, seen.result.losses.numel(), watch_)).to(own.device());
    row_ = at::zeros({columns_}, own.options()).index_copy_(0, places_, own);
    sum_ = StartSum(ranks_, row_);
  }

  // The row of the step under way, if there is one, which ends.
  std::vector<at::Tensor> End() {
    if (!sum_) return {};
    std::exchange(sum_, nullptr)();
    row_[0].sqrt_();
    return {row_};
  }

  void TakeState() {
    const at::Tensor state = Pack(learner_.State());
    Broadcast(ranks_, state);
    Unpack(state, learner_.State());
  }

 private:
  Ranks& ranks_;
  const Learner& learner_;
  JointPart& part_;
  Watch watch_;
  std::vector<std::unique_ptr<Receiver>> present_;
  int64_t columns_;
  at::Tensor places_;  // of its numbers in the row
  at::Tensor row_;
  std::function<void()> sum_;
};

class JointPipeline : public Pipeline {
 public:
  JointPipeline(Ranks& ranks, const Learner& learner, std::unique_ptr<JointPart> part, Watched watched)
      : part_(std::move(part)), member_(ranks, learner, *part_, watched) {
    for (int rank = 1; rank < ranks.size(); ++rank) {
      to_them_.push_back(MakeSender(ranks, rank, kFromHome));
      homes_.push_back(MakeReceiver(ranks, rank, kHome));
    }
  }

  // The others answer, so that the store stays until they have looked; those that are gone do not. Then they may go.
  ~JointPipeline() override {
    std::vector<bool> there(homes_.size(), true);
    const auto of_those_there = [&](const std::function<void(size_t)>& tell) {
      for (size_t k = 0; k < homes_.size(); ++k) {
        try {
          if (there[k]) tell(k);
        } catch (const std::exception&) {  // which has been told, or is told by the others
          there[k] = false;
        }
      }
    };
    of_those_there([this](size_t k) { to_them_[k]->Send(Encode(Order::kEnd)); });
    of_those_there([this](size_t k) {
      while (!homes_[k]->Receive().empty()) {  // a state that nobody waits for any more
      }
    });
    of_those_there([this](size_t k) {
      to_them_[k]->Send(Encode(Order::kEnd));
      to_them_[k]->Flush();
    });
  }

  std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) override {
    const at::Tensor rate = LearningRateOn(batch.images.device(), learning_rate);
    for (size_t k = 0; k < to_them_.size(); ++k) {
      std::vector<at::Tensor> message{at::scalar_tensor(static_cast<int64_t>(Order::kStep), at::kLong), rate};
      for (const at::Tensor& one : part_->Needs(batch, static_cast<int>(k) + 1)) message.push_back(one);
      to_them_[k]->Send(message);
    }
    std::vector<at::Tensor> rows = member_.End();
    member_.Step(part_->Needs(batch, 0), rate);
    ++steps_;
    return rows;
  }

  std::vector<at::Tensor> Drain() override {
    std::vector<at::Tensor> rows = member_.End();
    sent_ = part_->sent();
    for (const auto& to_it : to_them_) sent_ += to_it->sent();
    Tell(Order::kSendState);
    for (size_t k = 0; k < homes_.size(); ++k) {
      const std::vector<at::Tensor> state = homes_[k]->Receive();
      Unpack(state.at(0), part_->OwnState(static_cast<int>(k) + 1));
      sent_ += state.at(1).item<int64_t>();
    }
    return rows;
  }

  void TakeState() override {
    Tell(Order::kTakeState);
    member_.TakeState();
  }

  double BytesPerStep() const override {
    return steps_ == 0 ? 0 : static_cast<double>(sent_) / static_cast<double>(steps_);
  }

 private:
  void Tell(Order order) {
    for (const auto& to_it : to_them_) to_it->Send(Encode(order));
  }

  std::unique_ptr<JointPart> part_;
  Member member_;
  std::vector<std::unique_ptr<Sender>> to_them_;
  std::vector<std::unique_ptr<Receiver>> homes_;
  int64_t steps_ = 0, sent_ = 0;
};

}  // namespace

std::unique_ptr<Pipeline> MakeJointPipeline(Ranks& ranks, const Learner& learner, std::unique_ptr<JointPart> part,
                                            Watched watched) {
  return std::make_unique<JointPipeline>(ranks, learner, std::move(part), watched);
}

absl::Status ServeJointly(Ranks& ranks, const Learner& learner, JointPart& part, Watched watched) {
  const auto from_home = MakeReceiver(ranks, 0, kFromHome);
  const auto home = MakeSender(ranks, 0, kHome);
  Member member(ranks, learner, part, watched);
  for (Order order = Order::kStep; order != Order::kEnd;) {
    const std::vector<at::Tensor> message = from_home->Receive();
    member.End();
    order = static_cast<Order>(message.at(0).item<int64_t>());
    if (order == Order::kStep) member.Step({message.begin() + 2, message.end()}, message.at(1));
    if (order == Order::kTakeState) member.TakeState();
    if (order == Order::kSendState)
      home->Send({Pack(part.OwnState(ranks.rank())), at::scalar_tensor(part.sent(), at::kLong)});
  }
  const std::string failure = ranks.Failure();
  home->Send({});
  home->Flush();
  // Who goes seems lost to who has not heard yet that this is the end.
  try {
    from_home->Receive();
  } catch (const RankLost&) {
  }
  return failure.empty() ? absl::OkStatus() : absl::AbortedError(failure);
}

}  // namespace sid
