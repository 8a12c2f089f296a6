#include "reproducibility/claims/claims.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/files.h"

namespace sid {
namespace {

std::string Text() { return ReadFile("reproducibility/claims/claims.json").value(); }

nlohmann::ordered_json Json() { return nlohmann::ordered_json::parse(Text()); }

TEST(ParseRegistry, HasEveryClaimQuestionAndExperiment) {
  const Registry registry = ParseRegistry(Text()).value();
  std::set<std::string> ids;
  for (const Claim& claim : registry.claims) ids.insert(claim.id);
  for (const auto& [letter, count] :
       std::vector<std::pair<std::string, int>>{{"C", 10}, {"M", 3}, {"E", 6}, {"Q", 3}, {"R", 10}}) {
    for (int i = 1; i <= count; ++i) EXPECT_TRUE(ids.count(letter + std::to_string(i))) << letter << i;
  }
  for (const Claim& claim : registry.claims) {
    EXPECT_EQ(claim.rule.has_value(), claim.hash.size() == 64) << claim.id;
  }
}

// The paper's baseline alone would be a handicapped one.
TEST(ParseRegistry, AccuracyIsJudgedAgainstAllThreeBaselines) {
  const Registry registry = ParseRegistry(Text()).value();
  for (const Claim& claim : registry.claims) {
    if (claim.id != "C1" && claim.id != "C1b" && claim.id != "C2") continue;
    for (const std::string learner : {"bp-chain", "bp-deep", "bp-head"}) {
      EXPECT_NE(claim.text.at("rule").dump().find(learner), std::string::npos) << claim.id << " " << learner;
    }
    EXPECT_EQ(claim.rule->needs.learning_rates, 3) << claim.id << ": tuned";
  }
}

TEST(ParseRegistry, AnyChangeOfARuleChangesItsHashAndNoOther) {
  nlohmann::ordered_json json = Json();
  const Registry before = ParseRegistry(json.dump()).value();
  json["claims"][0]["rule"]["contrasts"][0]["above"] = -0.006;
  json["claims"][1]["seeds"] = 6;
  json["claims"][2]["tolerance"] = "some";
  json["claims"][3]["experiment"] = "depth";
  json["claims"][4]["statement"] = "told otherwise";
  const Registry after = ParseRegistry(json.dump()).value();
  for (size_t i = 0; i < before.claims.size(); ++i) {
    EXPECT_EQ(before.claims[i].hash != after.claims[i].hash, i < 4) << before.claims[i].id;
  }
}

TEST(ParseRegistry, BadInputIsOneLineThatSaysWhere) {
  const auto expect = [](const nlohmann::ordered_json& json, const std::string& part) {
    const absl::Status status = ParseRegistry(json.dump()).status();
    EXPECT_NE(status.message().find(part), absl::string_view::npos) << status;
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  };
  EXPECT_FALSE(ParseRegistry("{").ok());
  EXPECT_NE(ParseRegistry(std::string(1'000'000, '[')).status().message().find("nests deeper"),
            absl::string_view::npos);
  nlohmann::ordered_json json = Json();
  json["schema"] = 2;
  expect(json, "schema 2 instead of 1");
  json = Json();
  json["claims"][0]["rule"]["contrasts"][0]["abov"] = 1;
  expect(json, "P0: contrasts[0]: unknown key 'abov'; did you mean 'above'");
  json = Json();
  json["claims"][0]["rule"]["contrasts"][0].erase("above");
  expect(json, "one of 'above', 'below'");
  json = Json();
  json["claims"][0]["rule"]["contrasts"][0]["sum"][0] = 3;
  expect(json, "contrasts[0].sum[0] is 3, expected a list of at least 2");
  json = Json();
  json["claims"][0]["rule"]["contrasts"][0]["sum"][0] = {3, 4};
  expect(json, "the term [3,4]");
  json = Json();
  json["claims"][0].erase("seeds");
  expect(json, "P0: 'seeds' is missing");
  json = Json();
  json["claims"][2]["id"] = "C1";
  expect(json, "C1: it is there twice");
  json = Json();
  json["claims"][0]["rule"]["contrasts"][0]["fail_below"] = -1;
  expect(json, "'fail_below' leaves room between PASS and FAIL");
  json = Json();
  json["claims"][0]["id"] = "two\nlines";
  json["claims"][0]["seeds"] = "five";
  expect(json, "two\\nlines: seeds is \"five\"");
  json = Json();
  json["claims"][0]["rule"]["where"] = 3;
  expect(json, "P0: where is 3, expected an object");
  json = Json();
  json["deviations"] = "none";
  expect(json, "deviations is \"none\", expected a list");
  json = Json();
  json["claims"][0]["seeds"] = "five";
  expect(json, "P0: seeds is \"five\", expected a whole number");
  json = Json();
  json["claims"][0].erase("rule");
  expect(json, "one of 'rule', 'by_construction', 'not_run', 'answered_by'");
}

TEST(SelectClaims, ByNameWithTheirAnswersOrAll) {
  const Registry registry = ParseRegistry(Text()).value();
  EXPECT_EQ(SelectClaims(registry, "all")->size(), registry.claims.size());
  const auto claims = SelectClaims(registry, "E1,C5").value();
  std::vector<std::string> ids;
  ids.reserve(claims.size());
  for (const Claim& claim : claims) ids.push_back(claim.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"C3", "C5", "C7", "C8b", "E1"}));
  EXPECT_NE(SelectClaims(registry, "C11").status().message().find("unknown claim 'C11'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
