#include "reproducibility/verdict/bench_evidence.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

using nlohmann::ordered_json;

ordered_json Contender(const std::string& label, const std::string& learner, int64_t above_bytes) {
  const auto phase = [](const std::string& name, double median) -> ordered_json {
    return {{"phase", name}, {"module", -1}, {"seconds", {{"median", median}}}};
  };
  return {{"label", label},
          {"learner", learner},
          {"depth", 4},
          {"batch", 128},
          {"precision", "fp32"},
          {"trusted", true},
          {"stationary", true},
          {"above_bytes", above_bytes},
          {"step_seconds", {{"median", 0.01}}},
          {"phases", {phase("step", 0.01), phase("extractor backward", 0.006)}}};
}

ordered_json Bench() {
  return {
      {"schema", 1},
      {"environment", {{"cores", 8}}},
      {"settings", {{"extractor", true}}},
      {"contenders", {Contender("a", "sid", 50), Contender("b", "bp-chain", 100), Contender("c", "sid", 200)}},
      {"measured_speedups",
       {{{"of", "b"}, {"over", "a"}, {"ratio", {{"median", 0.5}, {"low", 0.4}, {"high", 0.8}}}, {"trusted", true}}}},
      {"modelled_speedups", {{{"label", "a"}, {"theoretical", 3.5}}}}};
}

Rule RuleOf(const std::string& quantity, Bound bound, bool some = false) {
  return {.quantity = quantity, .bound = bound, .some = some, .over = "bp-chain"};
}

Verdict VerdictOf(const Rule& rule, const ordered_json& bench) {
  return JudgeRatios(rule, RatiosOf(rule, bench).value()).verdict;
}

TEST(RatiosOf, TurnsAPairRoundWhereSidIsTheSlowerName) {
  const auto ratios = RatiosOf(RuleOf("measured_speedup", {true, 1}), Bench()).value();
  ASSERT_EQ(ratios.size(), 1u);
  EXPECT_EQ(ratios[0].value, 2);
  EXPECT_EQ(ratios[0].interval.low, 1.25);
  EXPECT_EQ(ratios[0].interval.high, 2.5);
}

TEST(RatiosOf, MemoryIsThatOfTheFastestExecutorAndNotTheLeanest) {
  ordered_json bench = Bench();
  EXPECT_EQ(RatiosOf(RuleOf("memory_ratio", {false, 1}), bench)->at(0).value, 0.5);
  bench["contenders"][2]["step_seconds"]["median"] = 0.009;
  EXPECT_EQ(RatiosOf(RuleOf("memory_ratio", {false, 1}), bench)->at(0).value, 2);
  EXPECT_NEAR(RatiosOf(RuleOf("extractor_backward_share", {false, 1}), bench)->at(0).value, 0.6, 1e-12);
  for (ordered_json& contender : bench["contenders"]) contender["partition"] = "even";
  EXPECT_TRUE(RatiosOf(RuleOf("extractor_backward_share", {false, 1}), bench)->empty()) << "they share none";
  EXPECT_FALSE(RatiosOf(RuleOf("speed", {false, 1}), bench).ok());
}

// A pipeline whose step is longer than its slowest stage's is short of the prediction.
TEST(RatiosOf, APipelineIsHeldAgainstItsSlowestStage) {
  ordered_json bench = Bench();
  EXPECT_TRUE(RatiosOf(RuleOf("pipeline_prediction", {true, 0.9}), bench)->empty());
  const std::string label = bench["contenders"][0]["label"], serial = bench["contenders"][1]["label"];
  const auto verdict = [&](double low, double median, double high) {
    bench["modelled_pipelines"] = {{{"label", label},
                                    {"stages_of", serial},
                                    {"predicted_seconds", 9},
                                    {"step_seconds", {{"low", low}, {"median", median}, {"high", high}}}}};
    return VerdictOf(RuleOf("pipeline_prediction", {true, 0.9}), bench);
  };
  EXPECT_EQ(verdict(9.2, 9.5, 9.9), Verdict::kPass);
  EXPECT_EQ(verdict(9.2, 9.5, 10.1), Verdict::kInconclusive);
  EXPECT_EQ(verdict(10.1, 11, 12), Verdict::kFail);
  const auto depth = bench["contenders"][0]["depth"].get<int64_t>();
  bench["environment"]["cores"] = 2 * depth;
  EXPECT_EQ(verdict(9.2, 9.5, 9.9), Verdict::kPass);
  bench["contenders"][0]["threads"] = 3;  // more than there are cores for
  EXPECT_EQ(verdict(9.2, 9.5, 9.9), Verdict::kNotRun);
  bench["contenders"][0]["threads"] = 1;
  bench["contenders"][0]["captured"] = true;  // on a GPU
  EXPECT_EQ(verdict(9.2, 9.5, 9.9), Verdict::kNotRun);
}

TEST(RatiosOf, ComparesWithEachOfSeveralLearnersAndCapturedWithCaptured) {
  ordered_json bench = Bench();
  bench["contenders"].push_back(Contender("d", "bp-chain-checkpoint", 25));
  Rule rule = RuleOf("memory_ratio", {false, 1});
  rule.over = "bp-chain,bp-chain-checkpoint";
  EXPECT_EQ(RatiosOf(rule, bench)->size(), 2u);
  EXPECT_EQ(RatiosOf(rule, bench)->at(1).value, 2);
  bench["contenders"][3]["captured"] = true;
  EXPECT_EQ(RatiosOf(rule, bench)->size(), 1u);
}

TEST(RatiosOf, ACriticalPathIsTheOneOnMostDevices) {
  ordered_json bench = Bench();
  const Rule rule = RuleOf("critical_path_speedup", {true, 2.4}, true);
  EXPECT_TRUE(RatiosOf(rule, bench)->empty());
  bench["modelled_speedups"][0]["critical_path"] = {{{"devices", 1}, {"speedup", 1.0}},
                                                    {{"devices", 4}, {"speedup", 1.8}}};
  EXPECT_EQ(RatiosOf(rule, bench)->at(0).value, 1.8);
  EXPECT_EQ(VerdictOf(rule, bench), Verdict::kFail);
  bench["modelled_speedups"][0]["critical_path"][1]["speedup"] = 3;
  EXPECT_EQ(VerdictOf(rule, bench), Verdict::kPass);
  bench["contenders"][0]["stationary"] = false;
  EXPECT_EQ(VerdictOf(rule, bench), Verdict::kInconclusive);
}

TEST(RatiosOf, TakesTheFastestExecutor) {
  ordered_json bench = Bench();
  ordered_json& pairs = bench["measured_speedups"];
  pairs.push_back(
      {{"of", "c"}, {"over", "b"}, {"ratio", {{"median", 3.0}, {"low", 2.0}, {"high", 4.0}}}, {"trusted", true}});
  pairs.push_back(
      {{"of", "c"}, {"over", "a"}, {"ratio", {{"median", 9.0}, {"low", 8.0}, {"high", 9.5}}}, {"trusted", true}});
  const auto ratios = RatiosOf(RuleOf("measured_speedup", {true, 1}), bench).value();
  ASSERT_EQ(ratios.size(), 1u);  // SID against SID is none
  EXPECT_EQ(ratios[0].label, "c over b");
  EXPECT_EQ(ratios[0].value, 3);
  EXPECT_EQ(ratios[0].interval.low, 2);
}

TEST(RatiosOf, TheCascadeAloneIsNoStep) {
  ordered_json cascade = Bench();
  cascade["settings"]["extractor"] = false;
  for (const std::string quantity : {"measured_speedup", "memory_ratio", "extractor_backward_share"}) {
    EXPECT_TRUE(RatiosOf(RuleOf(quantity, {true, 1}), cascade)->empty()) << quantity;
  }
  Rule alone = RuleOf("memory_ratio", {false, 1});
  alone.cascade = true;
  EXPECT_EQ(RatiosOf(alone, cascade)->size(), 1u);
  EXPECT_TRUE(RatiosOf(alone, Bench())->empty());
}

// Eight ratios that each lie surely enough on the wrong side alone: one among eight is chance, unless it is surer.
TEST(JudgeRatios, OneOfManyMustBeSurerToRefute) {
  const Rule rule = RuleOf("measured_speedup", {true, 1});
  const auto verdict = [&](double low, double high) {
    std::vector<Ratio> ratios(8, {.label = "faster", .value = 2, .interval = {1.5, 2.5}, .samples = 10});
    ratios[3] = {.label = "slower", .value = 0.9, .interval = {low, high}, .samples = 10};
    return JudgeRatios(rule, ratios).verdict;
  };
  EXPECT_EQ(verdict(0.82, 0.99), Verdict::kInconclusive);
  EXPECT_EQ(verdict(0.88, 0.92), Verdict::kFail);
  EXPECT_EQ(verdict(1.01, 1.10), Verdict::kPass);
  Ratio alone{.label = "slower", .value = 0.9, .interval = {0.82, 0.99}, .samples = 10};
  EXPECT_EQ(JudgeRatios(rule, {alone}).verdict, Verdict::kFail);
  alone.samples = 0;
  alone.interval = {0.9, 1.1};
  EXPECT_EQ(JudgeRatios(rule, {alone}).verdict, Verdict::kInconclusive) << "it straddles the bound";
}

TEST(JudgeRatios, EveryVerdict) {
  EXPECT_EQ(VerdictOf(RuleOf("measured_speedup", {true, 1}), Bench()), Verdict::kPass);
  EXPECT_EQ(VerdictOf(RuleOf("measured_speedup", {true, 1.5}), Bench()), Verdict::kInconclusive);
  EXPECT_EQ(VerdictOf(RuleOf("measured_speedup", {true, 3}), Bench()), Verdict::kFail);
  EXPECT_EQ(VerdictOf(RuleOf("extractor_backward_share", {false, 0.25}), Bench()), Verdict::kFail);
  ordered_json noisy = Bench();
  noisy["contenders"][0]["stationary"] = false;
  EXPECT_EQ(VerdictOf(RuleOf("measured_speedup", {true, 1}), noisy), Verdict::kInconclusive);
  noisy["measured_speedups"].clear();
  EXPECT_EQ(VerdictOf(RuleOf("measured_speedup", {true, 1}), noisy), Verdict::kNotRun);
}

}  // namespace
}  // namespace sid
