#include "reproducibility/experiments/settings.h"

#include <gtest/gtest.h>

#include <set>

#include "reproducibility/experiments/results.h"
#include "sid/network/architectures.h"

namespace sid {
namespace {

TEST(SettingsOf, EveryExperimentsAreValidAndAllDifferent) {
  for (const std::string& name : ExperimentNames()) {
    std::set<std::string> seen;
    const std::vector<TrainConfig> settings = SettingsOf(name, {}).value();
    for (const TrainConfig& run : settings) {
      seen.insert(ResultName(run));
      EXPECT_TRUE(Validate(run).ok());
      EXPECT_TRUE(MakeArchitecture({run.network, {3, 32, 32}, run.width, run.features}).ok());
    }
    EXPECT_EQ(seen.size(), settings.size()) << name;
  }
}

TEST(SettingsOf, AStandInReplacesTheFirstDataSetAlone) {
  const auto settings =
      SettingsOf("accuracy", {.dataset = "mnist-mini", .train_images = 1000, .epochs = 2, .batch_size = 16}).value();
  ASSERT_EQ(settings.size(), 4u);
  for (const TrainConfig& run : settings) {
    EXPECT_EQ(run.dataset, "mnist-mini");
    EXPECT_EQ(run.depth, 5);
    EXPECT_EQ(run.epochs, 2);
    EXPECT_EQ(run.batch_size, 16);
    EXPECT_EQ(run.train_images, 1000);
  }
  EXPECT_NE(SettingsOf("dept", {}).status().message().find("did you mean 'depth'"), absl::string_view::npos);
}

TEST(LearningRatesOf, TheRecipesIsAmongThem) {
  for (const char* experiment : {"accuracy", "sgd-recipe"}) {
    const TrainConfig setting = SettingsOf(experiment, {})->front();
    const std::vector<double> rates = LearningRatesOf(setting);
    EXPECT_EQ(rates.size(), 3u);
    EXPECT_EQ(rates[1], setting.learning_rate) << "in the middle, so that an edge can be told";
  }
}

// 45,000 images trained on and 5,000 validated by a third of that in each epoch, and 20,000 more by a third.
TEST(EstimatedMinutes, ByHand) {
  const TrainConfig run = SettingsOf("accuracy", {.epochs = 3})->front();
  EXPECT_NEAR(EstimatedMinutes(run, 100), (3 * 45000 + (3 * 5000 + 20000) / 3.0) * (1 + 5.0 / 400) / 6000, 1e-9);
  EXPECT_GT(EstimatedMinutes(SettingsOf("blocks", {})->front()), EstimatedMinutes(SettingsOf("alpha", {})->front()));
}

}  // namespace
}  // namespace sid
