#include "reproducibility/verdict/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr char kClaim[] = R"({"schema": 1, "paper": "x", "claims": [{
  "id": "X", "kind": "claim", "statement": "s", "source": "s", "figure": "f", "experiment": "accuracy", "seeds": 5,
  "tolerance": "t", "rule": {"quantity": "accuracy", "where": {"dataset": "cifar10"},
  "needs": {"datasets": ["cifar10"], "epochs": 2, "all_images": true, "learning_rates": 2},
  "contrasts": [{"label": "sid - bp", "above": 0, "sum": [[1, {"learner": "sid"}], [-1, {"learner": "bp"}]]}]}}]})";

Claim TheClaim() { return ParseRegistry(kClaim)->claims.front(); }

// Two learners at two rates; the validation set prefers 0.01, the test set 0.1.
struct Study {
  double advantage = 0.02;
  int seeds = 5;
  std::string dataset = "cifar10";
  int64_t epochs = 2;
  std::string hash = TheClaim().hash;
};

FinishedRun MakeRun(const Study& study, const std::string& learner, double lr, int seed) {
  const bool preferred = lr == 0.01;
  const double accuracy = 0.5 + 0.001 * seed + (learner == "sid" ? study.advantage * (1 + 0.1 * seed) : 0);
  const ordered_json epoch = {{"validation", {{"accuracy", {0.1, preferred ? 0.7 : 0.6}}, {"divergence", {1.0, 0.9}}}}};
  const ordered_json result = {{"settings",
                                {{"learner", learner},
                                 {"dataset", study.dataset},
                                 {"epochs", study.epochs},
                                 {"train_images", 0},
                                 {"lr", lr},
                                 {"seed", seed}}},
                               {"best_epoch", 1},
                               {"epochs", {epoch, epoch}},
                               {"test", {{"accuracy", {0.1, preferred ? accuracy : 0.9}}}},
                               {"theory", {{"divergence", {2.3, 1.0, 0.9}}, {"largest_excess", -0.1}}},
                               {"rules", {{"X", study.hash}}}};
  return {absl::StrCat(learner, lr, "-", seed, ".json"), result};
}

AllEvidence MakeEvidence(const Study& study, const std::string& stand_in = "") {
  Evidence evidence{.stand_in = stand_in};
  for (int seed = 1; seed <= study.seeds; ++seed) {
    for (const char* learner : {"sid", "bp"}) {
      for (const double lr : {0.01, 0.1}) evidence.runs.push_back(MakeRun(study, learner, lr, seed));
    }
  }
  return {.experiments = {{"accuracy", evidence}}};
}

TEST(Judge, FindsAnAdvantageAtTheRateThatValidationChose) {
  const Judgement judgement = Judge(TheClaim(), MakeEvidence({})).value();
  EXPECT_EQ(judgement.verdict, Verdict::kPass) << judgement.reason;
  EXPECT_NEAR(judgement.comparisons[0].mean, 0.02 * 1.3, 1e-12);
  EXPECT_EQ(judgement.chosen.size(), 2u);
  EXPECT_NE(judgement.chosen.begin()->find("lr 0.01"), std::string::npos);
  EXPECT_EQ(Judge(TheClaim(), MakeEvidence({.advantage = -0.02}))->verdict, Verdict::kFail);
}

TEST(Judge, WhatIsTooSmallDecidesNothingAndSaysWhy) {
  const auto expect = [](const Study& study, const std::string& stand_in, const std::string& part) {
    const Judgement judgement = Judge(TheClaim(), MakeEvidence(study, stand_in)).value();
    EXPECT_EQ(judgement.verdict, Verdict::kInconclusive) << part;
    EXPECT_NE(judgement.reason.find(part), std::string::npos) << judgement.reason;
  };
  expect({.seeds = 4}, "", "too few seeds: 4 of 5");
  expect({.epochs = 1}, "", "epochs: 1 of 2");
  expect({.dataset = "mnist-mini"}, "mnist-mini", "data set mnist-mini instead of cifar10");
}

TEST(Judge, ARuleThatChangedAfterTheRunsShows) {
  const Judgement judgement = Judge(TheClaim(), MakeEvidence({.hash = std::string(64, 'a')})).value();
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.changed_rules.size(), 10u);
  EXPECT_NE(judgement.reason.find("on these runs alone: PASS"), std::string::npos) << judgement.reason;
  AllEvidence before = MakeEvidence({});
  for (FinishedRun& run : before.experiments["accuracy"].runs) run.result.erase("rules");
  EXPECT_EQ(Judge(TheClaim(), before)->verdict, Verdict::kInconclusive);
}

void Fail(FinishedRun& run) {
  run.result = {{"settings", run.result["settings"]},
                {"failed", "the loss is not finite"},
                {"classes", 10},
                {"rules", run.result["rules"]}};
}

TEST(Judge, AFailedRunIsChosenLastAndGuesses) {
  AllEvidence evidence = MakeEvidence({});
  Fail(evidence.experiments["accuracy"].runs[0]);
  // Its setting's validation accuracy falls below the other rate's.
  const Judgement judgement = Judge(TheClaim(), evidence).value();
  EXPECT_NE(judgement.chosen.rbegin()->find("lr 0.1"), std::string::npos) << *judgement.chosen.rbegin();
  // A learner that explodes whatever its rate is behind, not unknown.
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) {
    if (run.result["settings"]["learner"] == "sid") Fail(run);
  }
  const Judgement exploded = Judge(TheClaim(), evidence).value();
  EXPECT_EQ(exploded.verdict, Verdict::kFail) << exploded.reason;
  EXPECT_NEAR(exploded.comparisons[0].values[0], 0.1 - 0.501, 1e-12);
}

TEST(Judge, AFailedRunHasNoOtherQuantity) {
  Claim claim = TheClaim();
  claim.rule->quantity = "rise";
  AllEvidence evidence = MakeEvidence({});
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) {
    if (run.result["settings"]["seed"] == 1) Fail(run);
  }
  EXPECT_NE(Judge(claim, evidence)->reason.find("too few seeds: 4 of 5"), std::string::npos);
}

// What one contrast refutes needs no other one: another data set's absence saves no claim, and completes none.
TEST(Judge, AMissingContrastKeepsFailAndForbidsPass) {
  Claim claim = TheClaim();
  claim.rule->contrasts.push_back(claim.rule->contrasts.front());
  claim.rule->contrasts.back().terms[0].filter["learner"] = "nobody";
  EXPECT_EQ(Judge(claim, MakeEvidence({.advantage = -0.02}))->verdict, Verdict::kFail);
  const Judgement judgement = Judge(claim, MakeEvidence({})).value();
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_NE(judgement.reason.find("not compared"), std::string::npos) << judgement.reason;
}

TEST(Judge, ABenchmarkOfAnotherRuleDecidesNothing) {
  Claim claim = TheClaim();
  claim.rule = Rule{.quantity = "critical_path_speedup", .bound = {true, 2}};
  const auto verdict = [&](const ordered_json& rules) {
    const ordered_json contender = {{"label", "a"}, {"trusted", true}, {"stationary", true}};
    const ordered_json path = {{{"devices", 4}, {"speedup", 3.5}}};
    const ordered_json bench = {{"settings", {{"extractor", true}}},
                                {"contenders", {contender}},
                                {"modelled_speedups", {{{"label", "a"}, {"critical_path", path}}}},
                                {"rules", rules}};
    return Judge(claim, {.benches = {{"bench.json", bench}}})->verdict;
  };
  EXPECT_EQ(verdict({{"X", claim.hash}}), Verdict::kPass);
  EXPECT_EQ(verdict({{"X", std::string(64, 'a')}}), Verdict::kInconclusive);
  EXPECT_EQ(verdict(ordered_json::object()), Verdict::kInconclusive);
}

// Speed is a matter of the machine: each has its verdict, and what was measured under another rule decides nothing for it alone.
TEST(Judge, EachDeviceHasAVerdictOfItsOwn) {
  Claim claim = TheClaim();
  claim.rule = Rule{.quantity = "critical_path_speedup", .bound = {true, 2}};
  const auto bench = [&](const std::string& device, double value, const std::string& hash) -> ordered_json {
    return {{"settings", {{"extractor", true}}},
            {"environment", {{"device", device}, {"cores", 2}}},
            {"contenders", {{{"label", "a"}, {"trusted", true}, {"stationary", true}}}},
            {"modelled_speedups", {{{"label", "a"}, {"critical_path", {{{"devices", 4}, {"speedup", value}}}}}}},
            {"rules", {{"X", hash}}}};
  };
  const auto judge = [&](const ordered_json& gpu) {
    return *Judge(claim, {.benches = {{"bench.json", bench("cpu", 1.5, claim.hash)}, {"bench-2.json", gpu}}});
  };
  const Judgement both = judge(bench("cuda:0", 3, claim.hash));
  EXPECT_EQ(both.devices.size(), 2u);
  EXPECT_EQ(both.devices.at("2 CPU cores").verdict, Verdict::kFail);
  EXPECT_EQ(both.devices.at("cuda:0").verdict, Verdict::kPass);
  EXPECT_EQ(both.verdict, Verdict::kFail);
  const ordered_json told = ToJson(judge(bench("cuda:0", 3, "another")));
  EXPECT_EQ(told["devices"]["cuda:0"]["leans"], "PASS");
  EXPECT_EQ(told["devices"]["2 CPU cores"]["leans"], "");
  EXPECT_NE(told["devices"]["cuda:0"]["reason"].get<std::string>().find("another"), std::string::npos);
  EXPECT_EQ(told["ratios"][0]["device"], "2 CPU cores");
  EXPECT_EQ(told["ratios"][1]["device"], "cuda:0");
  EXPECT_EQ(judge(bench("cuda:0", 3, "another")).devices.at("cuda:0").verdict, Verdict::kInconclusive);
  EXPECT_EQ(judge(bench("cuda:0", 3, "another")).verdict, Verdict::kFail) << "the CPU's still stands";
  const Judgement one = judge(bench("cpu", 3, claim.hash));
  EXPECT_EQ(one.devices.at("2 CPU cores").verdict, Verdict::kFail) << "its other benchmark refutes";
  EXPECT_EQ(one.ratios.size(), 2u);
}

TEST(Judge, WhatNoRunCouldBreakIsNoPass) {
  Claim claim = TheClaim();
  claim.rule.reset();
  claim.by_construction = "it is an identity";
  EXPECT_EQ(Judge(claim, MakeEvidence({}))->verdict, Verdict::kByConstruction);
  EXPECT_EQ(Judge(claim, {})->reason, "it is an identity");
}

TEST(Judge, UndecidedRunsSayWhichWayTheyLean) {
  EXPECT_EQ(Judge(TheClaim(), MakeEvidence({.advantage = -0.02, .seeds = 3}))->leans, Verdict::kFail);
  EXPECT_EQ(Judge(TheClaim(), MakeEvidence({.seeds = 3}))->leans, Verdict::kPass);
  EXPECT_EQ(Judge(TheClaim(), MakeEvidence({.epochs = 1}))->leans, Verdict::kPass);
}

// d falls by half, then rises by a tenth of d_0.
TEST(Judge, RisesAreContrastsByModule) {
  Claim claim = TheClaim();
  claim.rule->quantity = "rise";
  claim.rule->contrasts = {{"sid", {false, 0.003, 0.001}, {{1, {{"learner", "sid"}}}}}};
  AllEvidence evidence = MakeEvidence({});
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) run.result["theory"]["divergence"] = {2.0, 1.0, 1.2};
  const Judgement judgement = Judge(claim, evidence).value();
  ASSERT_EQ(judgement.comparisons.size(), 2u);
  EXPECT_NEAR(judgement.comparisons[0].mean, -0.5, 1e-12);
  EXPECT_NEAR(judgement.comparisons[1].mean, 0.1, 1e-12);
  EXPECT_EQ(judgement.comparisons[1].label, "sid, module 2");
  EXPECT_EQ(judgement.verdict, Verdict::kFail);
}

TEST(Judge, ARateAtTheEdgeOfItsGridAndCleanLabelsAreTold) {
  AllEvidence evidence = MakeEvidence({});
  EXPECT_NE(Judge(TheClaim(), evidence)->chosen.begin()->find("lr 0.01 of 2, at the edge"), std::string::npos);
  Claim claim = TheClaim();
  claim.rule->needs.noisy_validation = true;
  EXPECT_EQ(Judge(claim, evidence)->verdict, Verdict::kPass) << "no label is noisy";
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) run.result["settings"]["label_noise"] = 0.4;
  EXPECT_NE(Judge(claim, evidence)->reason.find("chosen by clean labels"), std::string::npos);
}

// The first seed tries both rates, the others have the one that it chose.
TEST(Judge, ARateChosenOnTheFirstSeedStandsForAll) {
  AllEvidence evidence = MakeEvidence({});
  auto& runs = evidence.experiments["accuracy"].runs;
  runs.erase(std::remove_if(runs.begin(), runs.end(),
                            [](const FinishedRun& run) {
                              const ordered_json& settings = run.result["settings"];
                              return settings["lr"] == 0.1 && settings["seed"] > 1;
                            }),
             runs.end());
  const Judgement judgement = Judge(TheClaim(), evidence).value();
  EXPECT_EQ(judgement.verdict, Verdict::kPass) << judgement.reason;
  EXPECT_NEAR(judgement.comparisons[0].mean, 0.02 * 1.3, 1e-12);
}

TEST(Judge, NamesTheCommitsAndMachinesThatMadeTheRuns) {
  AllEvidence evidence = MakeEvidence({});
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) {
    run.result["commit"] = run.result["settings"]["seed"] == 1 ? "older" : "newer";
    run.result["machine"] = {{"processor", "P"}, {"cores", 2}, {"threads", 1}, {"device", "cpu"}};
  }
  const std::vector<std::string> origins = Judge(TheClaim(), evidence)->origins;
  // Of the runs that the validation set chose, and no others.
  EXPECT_EQ(origins, (std::vector<std::string>{"8 runs: commit newer, P, 1 of 2 cores, cpu",
                                               "2 runs: commit older, P, 1 of 2 cores, cpu"}));
}

TEST(Judge, StalenessIsTheTeachersThatMovesMostAndOfProbedRunsAlone) {
  Claim claim = TheClaim();
  claim.rule->quantity = "staleness";
  claim.rule->contrasts[0].terms.resize(1);
  AllEvidence evidence = MakeEvidence({});
  EXPECT_EQ(Judge(claim, evidence)->verdict, Verdict::kNotRun);
  for (FinishedRun& run : evidence.experiments["accuracy"].runs) {
    run.result["staleness"] = {{"mean", {0.0, 0.3, 0.2}}, {"largest", {0.0, 0.9, 0.9}}};
  }
  EXPECT_DOUBLE_EQ(Judge(claim, evidence)->comparisons[0].mean, 0.3);
}

TEST(Judge, WithoutRunsItIsNotRunAndSaysWhy) {
  EXPECT_EQ(Judge(TheClaim(), {})->reason, "its experiment was not asked for");
  const Judgement judgement = Judge(TheClaim(), {.not_run = {{"accuracy", "no data"}}}).value();
  EXPECT_EQ(judgement.verdict, Verdict::kNotRun);
  EXPECT_EQ(judgement.reason, "no data");
  AllEvidence half = MakeEvidence({});
  auto& runs = half.experiments["accuracy"].runs;
  runs.erase(std::remove_if(runs.begin(), runs.end(),
                            [](const FinishedRun& run) { return run.result["settings"]["learner"] == "bp"; }),
             runs.end());
  EXPECT_EQ(Judge(TheClaim(), half)->verdict, Verdict::kNotRun);
}

// With one data set for all, "here more than there" compares a thing with itself.
TEST(Judge, AStandInCannotTellDataSetsApart) {
  Claim claim = TheClaim();
  claim.rule->where = nlohmann::json::object();
  claim.rule->contrasts[0].terms = {{1, {{"dataset", "cifar10"}, {"learner", "sid"}}},
                                    {-1, {{"dataset", "cifar100"}, {"learner", "sid"}}}};
  const Judgement judgement = Judge(claim, MakeEvidence({.dataset = "mnist-mini"}, "mnist-mini")).value();
  EXPECT_EQ(judgement.verdict, Verdict::kNotRun);
  EXPECT_NE(judgement.reason.find("stands for all"), std::string::npos) << judgement.reason;
}

TEST(Judge, AFilterThatFitsSeveralSettingsIsAnErrorOfTheRegistry) {
  Claim claim = TheClaim();
  claim.rule->contrasts[0].terms[0].filter = nlohmann::json::object();
  EXPECT_NE(Judge(claim, MakeEvidence({})).status().message().find("more than the learning rate"),
            absl::string_view::npos);
  claim = TheClaim();
  claim.rule->quantity = "acuracy";
  EXPECT_NE(Judge(claim, MakeEvidence({})).status().message().find("did you mean 'accuracy'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
