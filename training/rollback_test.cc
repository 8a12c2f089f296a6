// A training whose numbers are not finite goes back to its last state with half the learning rate, where that is asked for.

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "training/blobs_for_tests.h"
#include "training/checkpoint.h"
#include "training/trainer.h"

namespace sid {
namespace {

// A learner whose weights turn to NaN at one step of its life, `times` times; and again after each rollback.
class Poisoned : public Learner {
 public:
  Poisoned(std::unique_ptr<Learner> learner, int64_t step, int64_t times)
      : learner_(std::move(learner)), step_(step), times_(times) {}
  std::string name() const override { return learner_->name(); }
  StepResult Step(const Batch& batch, const at::Tensor& rate, PhaseTimer& timer) override {
    rates_.push_back(rate.item<double>());
    StepResult result = learner_->Step(batch, rate, timer);
    if (++taken_ >= step_ && times_ > 0) {
      --times_;
      Weights(*learner_).back().tensor.detach().fill_(std::nan(""));
    }
    return result;
  }
  at::Tensor Predict(const at::Tensor& images) const override { return learner_->Predict(images); }
  std::vector<int64_t> LossDepths() const override { return learner_->LossDepths(); }
  at::Tensor Losses(const at::Tensor& labels, const at::Tensor& log_beliefs) const override {
    return learner_->Losses(labels, log_beliefs);
  }
  std::vector<NamedTensor> State() const override { return learner_->State(); }
  Inspection Inspect(const Batch&, bool) const override { return {}; }

  std::vector<double> rates_;

 private:
  std::unique_ptr<Learner> learner_;
  int64_t step_, times_, taken_ = 0;
};

TEST(Rollback, GoesBackToTheLastStateWithHalfTheRate) {
  PhaseTimer untimed;
  Kept kept("rollback");
  TrainingHooks hooks = kept.Into();
  std::vector<std::string> told;
  hooks.on_rollback = [&](const std::string& what) { told.push_back(what); };
  std::vector<int64_t> seen;
  hooks.on_epoch = [&](const EpochRecord& record) {
    seen.push_back(record.epoch);
    return absl::OkStatus();
  };
  TrainingOptions options = Options();
  options.on_nan = OnNan::kRollback;
  Poisoned learner(MakeSid(), /*step=*/8, /*times=*/1);  // the third of epoch 2
  const auto result = Train(MakeDataset(), options, hooks, untimed, learner);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->epochs.size(), 3u);
  EXPECT_EQ(seen, (std::vector<int64_t>{1, 2, 3}));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("update: the norm of heads.1.output_bias in module 1 is nan at epoch 2, step 3"),
            std::string::npos)
      << told[0];
  EXPECT_NE(told[0].find("rollback 1 of 3: back to epoch 2, step 0, and on with 0.5"), std::string::npos) << told[0];
  ASSERT_EQ(learner.rates_.size(), 18u);
  EXPECT_EQ(learner.rates_[7], 3e-3);
  EXPECT_EQ(learner.rates_[8], 1.5e-3);
  EXPECT_EQ(LoadCheckpoint(kept.paths.back())->state.rollbacks, 1);
  EXPECT_EQ(result->rollbacks, 1);
}

TEST(Rollback, EndsAfterThreeAndDoesNotHappenUnasked) {
  PhaseTimer untimed;
  Kept kept("too-often");
  TrainingOptions options = Options();
  options.on_nan = OnNan::kRollback;
  Poisoned always(MakeSid(), /*step=*/8, /*times=*/100);
  const absl::Status status = Train(MakeDataset(), options, kept.Into(), untimed, always).status();
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_NE(status.message().find("3 rollbacks, each to half the learning rate, did not help"), absl::string_view::npos)
      << status;
  EXPECT_EQ(always.rates_.back(), 3e-3 / 8);
  options.on_nan = OnNan::kStop;
  Poisoned once(MakeSid(), /*step=*/8, /*times=*/1);
  EXPECT_TRUE(absl::IsInternal(Train(MakeDataset(), options, kept.Into(), untimed, once).status()));
}

}  // namespace
}  // namespace sid
