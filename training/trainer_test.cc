#include "training/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/machine/graph_for_tests.h"
#include "training/blobs_for_tests.h"

namespace sid {
namespace {

TEST(Trainer, LearnsAndGivesTheSameBitsAgain) {
  const Dataset dataset = MakeDataset();
  const auto first = MakeSid(), second = MakeSid();
  PhaseTimer untimed;
  const auto result = Train(dataset, Options(), Hooks(), untimed, *first);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->test.accuracy.back(), 0.9);
  EXPECT_EQ(result->test.accuracy.size(), 2u);
  EXPECT_LT(result->epochs.back().train_loss, result->epochs.front().train_loss);
  ASSERT_TRUE(Train(dataset, Options(), Hooks(), untimed, *second).ok());
  for (size_t k = 0; k < Weights(*first).size(); ++k) {
    EXPECT_TRUE(at::equal(Weights(*first)[k].tensor, Weights(*second)[k].tensor)) << k;
  }
}

TEST(Trainer, NumbersThatAreNotFiniteStopItWithPhaseStepAndHint) {
  TrainingOptions options = Options();
  options.learning_rate = 1e30;
  PhaseTimer untimed;
  const auto result = Train(MakeDataset(), options, Hooks(), untimed, *MakeSid());
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(absl::IsInternal(result.status()));
  const std::string message(result.status().message());
  EXPECT_NE(message.find("update: the norm of blocks.1.weight is inf"), std::string::npos) << message;
  EXPECT_NE(message.find("epoch 1, step 1"), std::string::npos) << message;
  EXPECT_NE(message.find("learning rate"), std::string::npos) << message;
}

// The names of outermost phases, in order.
class OutermostPhases : public PhaseTimer {
 public:
  void Begin(std::string_view phase, int64_t) override {
    if (depth_++ == 0) names.emplace_back(phase);
  }
  void End() override { --depth_; }
  std::vector<std::string> names;

 private:
  int depth_ = 0;
};

TEST(Trainer, EveryStepBeginsWithThePhaseThatChoosesItsBatch) {
  TrainingOptions options = Options();
  options.epochs = 1;
  OutermostPhases phases;
  ASSERT_TRUE(Train(MakeDataset(), options, Hooks(), phases, *MakeSid()).ok());
  int steps = 0;
  for (size_t k = 0; k + 1 < phases.names.size(); ++k) {
    if (phases.names[k] != "batch") continue;
    ++steps;
    EXPECT_TRUE(k == 0 || phases.names[k - 1] == "optimizer") << k;
    EXPECT_EQ(phases.names[k + 1], "extractor forward") << k;
  }
  EXPECT_EQ(steps, 5) << "150 examples by 32";
}

// One weight that counts epochs, and a fixed number of right answers in each.
class ScriptedLearner : public Learner {
 public:
  ScriptedLearner(std::vector<int64_t> right_by_epoch, int64_t steps)
      : right_(std::move(right_by_epoch)), steps_(steps) {}
  std::string name() const override { return "scripted"; }
  StepResult Step(const Batch& batch, const at::Tensor&, PhaseTimer&) override {
    weight_ += 1.0 / static_cast<double>(steps_);
    return {at::zeros({1}), at::zeros({batch.labels.size(0), kClasses}), {}};
  }
  at::Tensor Predict(const at::Tensor& images) const override {
    ++predictions_;
    const int64_t count = images.size(0), epoch = std::lround(weight_.item<double>());
    const at::Tensor labels = at::arange(count, at::kLong).remainder(kClasses);
    const at::Tensor right = at::arange(count, at::kLong) < right_.at(epoch - 1);
    const at::Tensor log_p =
        at::one_hot((labels + 1 - right.to(at::kLong)).remainder(kClasses), kClasses).to(at::kFloat).log_softmax(-1);
    return at::stack({at::zeros_like(log_p), log_p});
  }
  std::vector<int64_t> LossDepths() const override { return {1}; }
  at::Tensor Losses(const at::Tensor& labels, const at::Tensor&) const override {
    return at::zeros({1, labels.size(0)});
  }
  std::vector<NamedTensor> State() const override { return {{"weight", weight_}}; }
  Inspection Inspect(const Batch&, bool) const override { return {}; }

  at::Tensor weight_ = at::zeros({}, at::kDouble);
  mutable int predictions_ = 0;

 private:
  std::vector<int64_t> right_;
  int64_t steps_;
};

TEST(Trainer, ChoosesTheFirstBestEpochByValidationAndTestsItOnceBesideTheLast) {
  const Dataset dataset = MakeDataset();
  ScriptedLearner learner({10, 40, 20, 40, 30}, /*steps=*/5);
  TrainingOptions options = Options();
  options.epochs = 5;
  TrainingHooks hooks = Hooks();
  int64_t seen = 0, right = 0;
  hooks.on_test = [&](const Batch& batch, const at::Tensor& log_beliefs) {
    seen += batch.labels.size(0);
    right += log_beliefs[-1].argmax(-1).eq(batch.labels).sum().item<int64_t>();
  };
  PhaseTimer untimed;
  const auto result = Train(dataset, options, hooks, untimed, learner);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(seen, 60);
  EXPECT_EQ(right, 40);  // the best epoch's
  EXPECT_EQ(result->best_epoch, 2);
  EXPECT_NEAR(learner.weight_.item<double>(), 2, 1e-9);
  EXPECT_DOUBLE_EQ(result->epochs[2].validation.accuracy[0], 20 / 45.0);
  EXPECT_DOUBLE_EQ(result->test.accuracy[0], 40 / 60.0);
  EXPECT_DOUBLE_EQ(result->last_test.accuracy[0], 30 / 60.0);
  EXPECT_EQ(learner.predictions_, 5 + 2);  // five validations, two tests
}

TEST(Trainer, WithoutValidationDataTheLastEpochIsTheModel) {
  Dataset dataset = MakeDataset();
  dataset.validation = {};
  ScriptedLearner learner({40, 10, 10}, /*steps=*/5);
  PhaseTimer untimed;
  const auto result = Train(dataset, Options(), Hooks(), untimed, learner);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->best_epoch, 3);
  EXPECT_TRUE(result->epochs[0].validation.accuracy.empty());
}

TEST(Trainer, ReportsProgressAndStopsWhereAHookFails) {
  TrainingHooks hooks = Hooks();
  std::vector<TrainingProgress> seen;
  hooks.on_progress = [&](const TrainingProgress& progress) { seen.push_back(progress); };
  hooks.on_epoch = [](const EpochRecord& record) {
    return record.epoch < 2 ? absl::OkStatus() : absl::UnavailableError("full");
  };
  PhaseTimer untimed;
  EXPECT_EQ(Train(MakeDataset(), Options(), hooks, untimed, *MakeSid()).status().message(), "full");
  ASSERT_EQ(seen.size(), 10u);  // every step, as the clock is slow
  EXPECT_EQ(seen[6].epoch, 2);
  EXPECT_EQ(seen[6].step, 2);
  EXPECT_EQ(seen[6].steps, 5);
  EXPECT_GT(seen[6].seconds_left, 0);
}

TEST(Trainer, StepHooksComeAroundEveryUpdateAndMayStopIt) {
  TrainingHooks hooks = Hooks();
  std::vector<std::pair<std::string, int64_t>> seen;
  ScriptedLearner learner({10, 10, 10}, /*steps=*/5);
  hooks.before_step = [&](int64_t step) {
    EXPECT_NEAR(learner.weight_.item<double>(), static_cast<double>(step) / 5, 1e-12);
    seen.emplace_back("before", step);
    return absl::OkStatus();
  };
  hooks.after_step = [&](int64_t step) {
    EXPECT_NEAR(learner.weight_.item<double>(), static_cast<double>(step + 1) / 5, 1e-12);
    seen.emplace_back("after", step);
    return step < 6 ? absl::OkStatus() : absl::UnavailableError("enough");
  };
  PhaseTimer untimed;
  EXPECT_EQ(Train(MakeDataset(), Options(), hooks, untimed, learner).status().message(), "enough");
  ASSERT_EQ(seen.size(), 14u);  // into the second epoch
  EXPECT_EQ(seen[12], (std::pair<std::string, int64_t>("before", 6)));
  EXPECT_EQ(seen[13], (std::pair<std::string, int64_t>("after", 6)));
}

TEST(Evaluate, AveragesOverAllExamplesInBatchesOfAnySize) {
  const Dataset dataset = MakeDataset();
  const auto learner = MakeSid();
  const DepthMetrics whole = Evaluate(*learner, dataset.test, dataset.statistics, {.batch_size = 60});
  const DepthMetrics parts = Evaluate(*learner, dataset.test, dataset.statistics, {.batch_size = 7});
  const Batch batch = OrderedBatch(dataset.test, dataset.statistics, 0, 60);
  const at::Tensor log_beliefs = learner->Predict(batch.images);
  for (int64_t i = 0; i < 2; ++i) {
    const at::Tensor right = log_beliefs[i + 1].gather(1, batch.labels.unsqueeze(1));
    EXPECT_NEAR(whole.divergence[i], -right.mean().item<double>(), 1e-5);
    EXPECT_NEAR(parts.divergence[i], whole.divergence[i], 1e-6);
    EXPECT_DOUBLE_EQ(parts.accuracy[i], whole.accuracy[i]);
    EXPECT_NEAR(whole.loss[i], learner->Losses(batch.labels, log_beliefs)[i].mean().item<double>(), 1e-5);
  }
}

// Pass after pass, with weights that move in between and a last batch that is smaller.
TEST(Evaluate, AGraphGivesTheSameBits) {
  const Dataset dataset = MakeDataset();
  const auto learner = MakeSid();
  const EvaluationOptions options{.batch_size = 8};
  Evaluator captured(*learner, dataset.test, dataset.statistics, options, MakeGraphForTests());
  PhaseTimer untimed;
  for (int pass = 0; pass < 3; ++pass) {
    const DepthMetrics expected = Evaluate(*learner, dataset.test, dataset.statistics, options),
                       seen = captured.Measure();
    EXPECT_EQ(seen.accuracy, expected.accuracy) << pass;
    EXPECT_EQ(seen.divergence, expected.divergence) << pass;
    EXPECT_EQ(seen.loss, expected.loss) << pass;
    learner->Step(OrderedBatch(dataset.train, dataset.statistics, 0, 32), 1e-2, untimed);
  }
}

}  // namespace
}  // namespace sid
