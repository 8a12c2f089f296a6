#include "reproducibility/experiments/settings.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "reproducibility/experiments/results.h"
#include "sid/network/architectures.h"
#include "sid/network/initialisation.h"

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

TEST(SettingsOf, ListsMultiplyAndEverySchemeIsAmongThem) {
  std::set<std::string> schemes;
  const std::vector<TrainConfig> runs = SettingsOf("initialisation", {}).value();
  for (const TrainConfig& run : runs) schemes.insert(run.initialisation);
  const std::vector<std::string> all = InitialisationNames();
  EXPECT_EQ(schemes, std::set<std::string>(all.begin(), all.end()));
  EXPECT_EQ(SettingsOf("initialisation", {})->size(), 2 * all.size());
  const auto blocks = SettingsOf("blocks", {}).value();
  ASSERT_EQ(blocks.size(), 12u) << "two of bp, two of bp-deep, four each of dgl and sid";
  EXPECT_FALSE(blocks.front().belief_input) << "what all have";
  EXPECT_TRUE(blocks.back().belief_input) << "what sid has instead";
  EXPECT_EQ(blocks.back().alpha, "0.5");
}

TEST(TitleOf, NamesWhatTellsSettingsApart) {
  TrainConfig config{.learner = "sid", .depth = 2};
  config.seed = 3;
  EXPECT_EQ(TitleOf(config), "sid L=2 seed 3");
  config.network = "vgg11";
  EXPECT_EQ(TitleOf(config), "sid on vgg11 L=2 seed 3");
  config.overlap = true;
  config.alpha = "0.9";
  EXPECT_EQ(TitleOf(config), "sid on vgg11 L=2 seed 3 alpha=0.9 overlap=true");
  for (const std::string& experiment : ExperimentNames()) {
    std::set<std::string> titles;
    const auto settings = SettingsOf(experiment, {}).value();
    for (const TrainConfig& one : settings)
      titles.insert(absl::StrCat(one.dataset, " ", TitleOf(one), " ", one.learning_rate));
    EXPECT_EQ(titles.size(), settings.size()) << experiment;
  }
}

TEST(LearningRatesOf, TheRecipesIsAmongThem) {
  for (const char* experiment : {"accuracy", "sgd-recipe"}) {
    const TrainConfig setting = SettingsOf(experiment, {})->front();
    const std::vector<double> rates = LearningRatesOf(setting);
    EXPECT_EQ(rates.size(), 3u);
    EXPECT_EQ(rates[1], setting.learning_rate) << "in the middle, so that an edge can be told";
  }
}

}  // namespace
}  // namespace sid
