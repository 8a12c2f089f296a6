#include "pipeline/gpipe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "pipeline/block_run.h"
#include "pipeline/channel.h"
#include "pipeline/collectives.h"
#include "pipeline/link.h"
#include "pipeline/shares.h"

namespace sid {
namespace {

class GPipe : public JointPart {
 public:
  GPipe(Ranks& ranks, const BackpropagationLearner& learner, int64_t micro_batches)
      : ranks_(ranks),
        micro_batches_(micro_batches),
        runs_(MakeRuns(learner, ranks.size())),
        run_(runs_[ranks.rank()]) {
    const int rank = ranks.rank();
    if (!run_.is_first()) {
      inputs_ = MakeReceiver(ranks, rank - 1, kForward);
      back_ = MakeSender(ranks, rank - 1, kBackward);
    }
    if (!run_.is_last()) {
      on_ = MakeSender(ranks, rank + 1, kForward);
      gradients_ = MakeReceiver(ranks, rank + 1, kBackward);
    }
  }

  // The number of examples; images for the first, labels for the last.
  std::vector<at::Tensor> Needs(const Batch& batch, int rank) const override {
    std::vector<at::Tensor> needs{at::scalar_tensor(batch.labels.size(0), at::kLong)};
    if (runs_[rank].is_first()) needs.push_back(batch.images);
    if (runs_[rank].is_last()) needs.push_back(batch.labels);
    return needs;
  }

  Seen Step(const std::vector<at::Tensor>& needs, const at::Tensor& learning_rate) override {
    const auto examples = needs.at(0).item<int64_t>();
    const int64_t count = std::min(examples, micro_batches_);
    std::vector<BlockRun::Pass> passes;
    for (int64_t m = 0; m < count; ++m) passes.push_back(Forward(needs, examples, ShareOf(examples, count, m)));
    Seen seen = Look(passes, needs.back());
    std::vector<at::Tensor> sums;
    for (; !passes.empty(); passes.pop_back()) {
      const std::vector<at::Tensor> gradients = Back(passes.back());
      if (sums.empty()) {
        sums = gradients;
      } else {
        at::_foreach_add_(sums, gradients);
      }
    }
    const at::Tensor norm = run_.optimizer().clips() ? NormOverRanks(sums) : at::Tensor();
    run_.optimizer().Step(std::move(sums), learning_rate, norm);
    return seen;
  }

  std::vector<NamedTensor> OwnState(int rank) const override { return runs_[rank].State(); }
  std::vector<NamedTensor> Watches() const override { return run_.State(); }
  int64_t sent() const override { return (on_ == nullptr ? 0 : on_->sent()) + (back_ == nullptr ? 0 : back_->sent()); }

 private:
  BlockRun::Pass Forward(const std::vector<at::Tensor>& needs, int64_t examples, const Share& share) {
    const at::Tensor input =
        run_.is_first() ? needs.at(1).narrow(0, share.begin, share.size) : inputs_->Receive().at(0);
    const at::Tensor labels = run_.is_last() ? needs.back().narrow(0, share.begin, share.size) : at::Tensor();
    BlockRun::Pass pass = run_.Forward(input, labels, examples);
    if (!run_.is_last()) on_->Send({pass.output});
    return pass;
  }

  // The weights' gradients; those by the input are the rank before's.
  std::vector<at::Tensor> Back(const BlockRun::Pass& pass) {
    std::vector<at::Tensor> gradients = run_.Back(pass, run_.is_last() ? at::Tensor() : gradients_->Receive().at(0));
    if (!run_.is_first()) {
      back_->Send({gradients.back()});
      gradients.pop_back();
    }
    return gradients;
  }

  at::Tensor NormOverRanks(const std::vector<at::Tensor>& gradients) {
    const at::Tensor squares = NormOf(gradients).square();
    StartSum(ranks_, squares)();
    return squares.sqrt();
  }

  // The last run alone has seen how it went.
  Seen Look(const std::vector<BlockRun::Pass>& passes, const at::Tensor& labels) const {
    if (!run_.is_last()) return {{.losses = at::empty({0}, run_.Weights()[0].options())}, {}};
    std::vector<at::Tensor> losses, log_beliefs, features;
    for (const BlockRun::Pass& pass : passes) {
      losses.push_back(pass.output.detach());
      log_beliefs.push_back(pass.log_belief);
      features.push_back(pass.features);
    }
    return {{at::stack(losses).sum(0, /*keepdim=*/true), at::concat(log_beliefs), at::concat(features)}, labels};
  }

  Ranks& ranks_;
  int64_t micro_batches_;
  std::vector<BlockRun> runs_;  // of all ranks
  BlockRun& run_;               // this one's
  std::unique_ptr<Receiver> inputs_, gradients_;
  std::unique_ptr<Sender> on_, back_;
};

}  // namespace

std::unique_ptr<JointPart> MakeGPipe(Ranks& ranks, const BackpropagationLearner& learner, int64_t micro_batches) {
  return std::make_unique<GPipe>(ranks, learner, micro_batches);
}

}  // namespace sid
