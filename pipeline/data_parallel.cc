#include "pipeline/data_parallel.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <utility>
#include <vector>

#include "pipeline/block_run.h"
#include "pipeline/buckets.h"
#include "pipeline/collectives.h"
#include "pipeline/shares.h"
#include "training/watch.h"

namespace sid {
namespace {

class DataParallel : public JointPart {
 public:
  DataParallel(Ranks& ranks, const BackpropagationLearner& learner, int64_t bucket_bytes)
      : ranks_(ranks),
        run_(std::move(MakeRuns(learner, 1)[0])),
        buckets_(run_.Weights(), bucket_bytes, [&ranks](const at::Tensor& flat) { return StartSum(ranks, flat); }) {}

  std::vector<at::Tensor> Needs(const Batch& batch, int rank) const override {
    const int64_t examples = batch.labels.size(0);
    const Share share = ShareOf(examples, ranks_.size(), rank);
    return {at::scalar_tensor(examples, at::kLong), batch.images.narrow(0, share.begin, share.size),
            batch.labels.narrow(0, share.begin, share.size)};
  }

  Seen Step(const std::vector<at::Tensor>& needs, const at::Tensor& learning_rate) override {
    const at::Tensor &images = needs.at(1), &labels = needs.at(2);
    Seen seen{{.losses = at::zeros({1}, run_.Weights()[0].options())}, labels};
    if (labels.size(0) > 0) {
      const BlockRun::Pass pass = run_.Forward(images, labels, needs.at(0).item<int64_t>());
      buckets_.Watch(pass.leaves);
      run_.Back(pass);
      seen.result = {pass.output.detach().view({1}), pass.log_belief, pass.features};
    }
    run_.optimizer().Step(buckets_.Sums(), learning_rate);
    sent_ += 2 * (ranks_.size() - 1) * buckets_.bytes() / ranks_.size();
    return seen;
  }

  std::vector<NamedTensor> OwnState(int) const override { return {}; }

  // All ranks could tell the same: each tells some. Only rank 0's running statistics count.
  std::vector<NamedTensor> Watches() const override {
    const Watch all(run_.State());
    std::vector<NamedTensor> own;
    for (size_t k = 0; k < all.tensors().size(); ++k) {
      const NamedTensor& one = all.tensors()[k];
      const auto teller = one.role == Role::kStatistic ? 0 : static_cast<int>(k) % ranks_.size();
      if (teller == ranks_.rank()) own.push_back(one);
    }
    return own;
  }

  int64_t sent() const override { return sent_; }

 private:
  Ranks& ranks_;
  BlockRun run_;  // all blocks
  Buckets buckets_;
  int64_t sent_ = 0;
};

}  // namespace

std::unique_ptr<JointPart> MakeDataParallel(Ranks& ranks, const BackpropagationLearner& learner, int64_t bucket_bytes) {
  return std::make_unique<DataParallel>(ranks, learner, bucket_bytes);
}

}  // namespace sid
