#include "reproducibility/experiments/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "sid/network/architectures.h"

namespace sid {
namespace {

ExperimentRequest Request(const std::string& name, double budget) { return {.name = name, .budget_minutes = budget}; }

TEST(MakePlan, FullSizeHasAllImagesAndSeveralSeeds) {
  const Plan plan = MakePlan(Request("depth", 0)).value();
  EXPECT_EQ(plan.scale.train_images, 0);
  EXPECT_EQ(plan.runs.size(), 5u * 3u * static_cast<size_t>(plan.scale.seeds));
  // A first look at everything comes before second looks.
  EXPECT_EQ(plan.runs[0].seed, 1u);
  EXPECT_EQ(plan.runs[14].seed, 1u);
  EXPECT_EQ(plan.runs[15].seed, 2u);
  std::set<int64_t> depths;
  for (const TrainConfig& run : plan.runs) depths.insert(run.depth);
  EXPECT_EQ(depths, (std::set<int64_t>{4, 8, 16, 32, 64}));
}

TEST(MakePlan, KeepsTheBudgetAndUsesIt) {
  for (const std::string& name : ExperimentNames()) {
    double before = 0;
    for (const double budget : {60.0, 240.0, 1440.0, 1e6}) {
      const Plan plan = MakePlan(Request(name, budget)).value();
      EXPECT_LE(plan.minutes, budget) << name;
      EXPECT_GE(plan.minutes, before) << name;  // more budget is never less work
      before = plan.minutes;
    }
  }
  // A faster machine does more in the same time.
  ExperimentRequest fast = Request("depth", 60);
  fast.images_per_second = 50000;
  EXPECT_GT(MakePlan(fast)->scale.epochs, MakePlan(Request("depth", 60))->scale.epochs);
}

TEST(MakePlan, SettingsAreAllDifferent) {
  for (const std::string& name : ExperimentNames()) {
    std::set<std::string> seen;
    const Plan plan = MakePlan(Request(name, 0)).value();
    for (const TrainConfig& run : plan.runs) {
      seen.insert(run.dataset + run.learner + run.alpha + run.initialisation + run.belief_update +
                  run.extractor_gradient + run.divergence + std::to_string(run.depth) +
                  std::to_string(run.label_noise) + std::to_string(run.smoothing) + run.optimizer + run.head +
                  run.network + std::to_string(run.overlap) + std::to_string(run.learning_rate) +
                  std::to_string(run.seed));
      EXPECT_TRUE(Validate(run).ok());
      const auto blocks = MakeArchitecture({run.network, {3, 32, 32}, run.width, run.features});
      EXPECT_TRUE(blocks.ok()) << blocks.status();
    }
    EXPECT_EQ(seen.size(), plan.runs.size()) << name;
  }
}

TEST(MakePlan, TunedHasSeveralRatesWhereLearnersAreCompared) {
  struct Case {
    std::string name;
    size_t rates;
    double recipe;
  };
  for (const auto& [name, rates, recipe] :
       {Case{"accuracy", 3, 1e-3}, {"depth", 3, 1e-3}, {"alpha", 1, 1e-3}, {"sgd-recipe", 3, 0.03}}) {
    ExperimentRequest request = Request(name, 0);
    const size_t untuned = MakePlan(request)->runs.size();
    request.tuned = true;
    const Plan plan = MakePlan(request).value();
    EXPECT_EQ(plan.runs.size(), rates * untuned) << name;
    std::set<double> seen;
    for (const TrainConfig& run : plan.runs) seen.insert(run.learning_rate);
    EXPECT_EQ(seen.size(), rates) << name;
    EXPECT_TRUE(seen.count(recipe)) << name;
  }
}

TEST(MakePlan, AStandInReplacesTheFirstDataSetAlone) {
  ExperimentRequest request = Request("accuracy", 0);
  request.dataset = "mnist-mini";
  request.scale = Scale{.train_images = 1000, .epochs = 2, .seeds = 3};
  const Plan plan = MakePlan(request).value();
  ASSERT_EQ(plan.runs.size(), 4u * 3u);
  for (const TrainConfig& run : plan.runs) {
    EXPECT_EQ(run.dataset, "mnist-mini");
    EXPECT_EQ(run.depth, 5);
    EXPECT_EQ(run.epochs, 2);
    EXPECT_EQ(run.train_images, 1000);
  }
}

TEST(MakePlan, BadInputSaysWhatAndWhatInstead) {
  EXPECT_NE(MakePlan(Request("dept", 0)).status().message().find("did you mean 'depth'"), absl::string_view::npos);
  EXPECT_NE(MakePlan(Request("depth", 1)).status().message().find("smallest scale takes about"),
            absl::string_view::npos);
  EXPECT_NE(MakePlan(Request("depth", -1)).status().message().find("--budget=-1"), absl::string_view::npos);
  ExperimentRequest standing = Request("depth", 0);
  standing.images_per_second = 0;
  EXPECT_FALSE(MakePlan(standing).ok());
}

}  // namespace
}  // namespace sid
