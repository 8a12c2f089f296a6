// Plans read the rules: what no contrast reads is not run.

#include "reproducibility/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

std::vector<Claim> ClaimsOf(const std::string& names) {
  return SelectClaims(ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(), names).value();
}

Plan PlanOf(const std::string& names, int64_t seeds = 5, bool tune = true) {
  return MakePlan(ClaimsOf(names), {.seeds = seeds, .tune = tune, .size = {.data_dir = "DIR"}}).value();
}

TEST(MakePlan, HoldsWhatContrastsReadAndNothingElse) {
  const Plan plan = PlanOf("C7,R7");
  EXPECT_FALSE(plan.steps.empty());
  for (const Step& step : plan.steps) {
    EXPECT_EQ(step.config.learner, "sid");
    EXPECT_EQ(step.config.dataset, "cifar100");
    EXPECT_EQ(step.config.epochs, 50);
    EXPECT_FALSE(step.at_chosen_rate) << "these rules ask for no choice of a rate";
  }
}

// Three rates on the first seed, the best of them on four more: seven runs a setting.
TEST(MakePlan, TunesOnTheFirstSeedAlone) {
  const Plan plan = PlanOf("R1");
  EXPECT_EQ(plan.steps.size(), 4u * 7u);
  std::set<double> rates;
  for (const Step& step : plan.steps) {
    EXPECT_EQ(step.at_chosen_rate, step.config.seed > 1);
    if (!step.at_chosen_rate) rates.insert(step.config.learning_rate);
  }
  EXPECT_EQ(rates, (std::set<double>{0.01, 0.03, 0.1}));
  EXPECT_EQ(PlanOf("R1", 5, /*tune=*/false).steps.size(), 4u * 5u);
}

// The first contrast has all that it needs before the second one begins.
TEST(MakePlan, OneContrastAfterTheOther) {
  const Plan plan = PlanOf("R1");
  std::set<std::string> learners;
  for (size_t i = 0; i < 14; ++i) learners.insert(plan.steps[i].config.learner);
  EXPECT_EQ(learners.size(), 2u);
}

TEST(MakePlan, ClaimsShareRuns) {
  const size_t apart = PlanOf("C1").steps.size() + PlanOf("C1b").steps.size();
  const Plan both = PlanOf("C1,C1b");
  EXPECT_LT(both.steps.size(), apart);
  std::set<std::string> names;
  for (const Step& step : both.steps) names.insert(ResultName(step.config) + (step.at_chosen_rate ? "*" : ""));
  EXPECT_EQ(names.size(), both.steps.size());
  EXPECT_EQ(both.steps.front().claims.size(), 1u + (both.steps.size() < apart ? 0u : 1u));
}

TEST(AtItsRate, TakesTheRateThatTheFirstSeedsValidationPrefers) {
  const std::string folder = NewFolder();
  Step step = PlanOf("R1").steps.back();
  ASSERT_TRUE(step.at_chosen_rate);
  EXPECT_TRUE(absl::IsNotFound(AtItsRate(step, folder).status()));
  for (const double rate : {0.01, 0.03, 0.1}) {
    TrainConfig first = step.config;
    first.seed = 1;
    first.learning_rate = rate;
    const double validation = rate == 0.1 ? 0.7 : 0.6;
    nlohmann::ordered_json result = FailureJson(first, 10, "");
    result.erase("failed");
    result.update(
        {{"best_epoch", 1},
         {"seconds", 1},
         {"test", {{"accuracy", {0.1}}, {"divergence", {1.0}}}},
         {"theory", {{"divergence", {1, 1}}, {"sum_of_failures", 0}, {"fell_everywhere", 0}, {"largest_excess", 0}}},
         {"epochs", {{{"validation", {{"accuracy", {validation}}, {"divergence", {1.0}}}}}}}});
    Seal(result);
    WriteTestFile(folder + "/" + ResultName(first), result.dump());
  }
  EXPECT_EQ(AtItsRate(step, folder)->learning_rate, 0.1);
}

TEST(ApplyBudget, QuickStaysSmallAndFullTunes) {
  ReproduceRequest quick, full;
  ASSERT_TRUE(ApplyBudget("quick", &quick).ok());
  ASSERT_TRUE(ApplyBudget("full", &full).ok());
  EXPECT_TRUE(full.tune);
  const Plan plan = MakePlan(ClaimsOf("all"), quick).value();
  EXPECT_LT(plan.steps.size(), 200u);
  for (const Step& step : plan.steps) EXPECT_LE(step.config.depth, 64);
  EXPECT_EQ(OptionsOf(quick), " --budget=quick");
  EXPECT_NE(ApplyBudget("quik", &quick).message().find("did you mean 'quick'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
