#include "bench/results/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/results/report.h"

namespace sid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ContenderResult Result(int64_t depth, double median, double half_width) {
  return {.contender = {.depth = depth}, .step = {median, 0, {median - half_width, median + half_width}, 20}};
}

std::string RunText(const std::vector<ContenderResult>& contenders, const std::string& processor = "A") {
  Results results{.environment = {{"processor", processor}}, .settings = {{"extractor", true}}};
  results.contenders = contenders;
  return ToJson(results).dump();
}

Change ChangeOf(const ContenderResult& before, const ContenderResult& after) {
  return CompareRuns(RunText({before}), "old", RunText({after}), "new", 0.02).value().steps[0].change;
}

std::string ErrorOf(const std::string& before, const std::string& after) {
  const auto comparison = CompareRuns(before, "old.json", after, "new.json", 0.02);
  EXPECT_EQ(comparison.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(comparison.status().message().find('\n'), absl::string_view::npos);
  return std::string(comparison.status().message());
}

TEST(CompareRuns, FasterAndSlowerNeedIntervalsApart) {
  EXPECT_EQ(ChangeOf(Result(4, 1.0, 0.01), Result(4, 0.8, 0.01)), Change::kFaster);
  EXPECT_EQ(ChangeOf(Result(4, 1.0, 0.01), Result(4, 1.2, 0.01)), Change::kSlower);
  EXPECT_EQ(ChangeOf(Result(4, 1.0, 0.01), Result(4, 1.0, 0.01)), Change::kNoDifference);
  EXPECT_EQ(ChangeOf(Result(4, 1.0, 0.2), Result(4, 1.2, 0.2)), Change::kNoDifference) << "intervals overlap";
  EXPECT_EQ(ChangeOf(Result(4, 1.0, 1e-6), Result(4, 1.015, 1e-6)), Change::kNoDifference) << "within the tolerance";
}

TEST(CompareRuns, MatchesContendersAndSaysWhichHaveNoMatch) {
  const auto comparison = CompareRuns(RunText({Result(4, 1, 0.1), Result(8, 2, 0.1)}), "old",
                                      RunText({Result(8, 1, 0.1), Result(16, 1, 0.1)}), "new", 0.02)
                              .value();
  ASSERT_EQ(comparison.steps.size(), 1u);
  EXPECT_EQ(comparison.steps[0].label, "sid/batched L=8 B=128");
  EXPECT_EQ(comparison.steps[0].change, Change::kFaster);
  EXPECT_THAT(comparison.only_old, ElementsAre("sid/batched L=4 B=128"));
  EXPECT_THAT(comparison.only_new, ElementsAre("sid/batched L=16 B=128"));
}

TEST(CompareRuns, CautionsOfAnotherMachineAndOfDisturbedRuns) {
  ContenderResult disturbed = Result(4, 1, 0.1);
  disturbed.trusted = false;
  const auto comparison =
      CompareRuns(RunText({disturbed}), "old", RunText({Result(4, 1, 0.1)}, "B"), "new", 0.02).value();
  EXPECT_THAT(comparison.cautions,
              ElementsAre("another processor: \"A\", then \"B\"", "old: sid/batched L=4 B=128 was disturbed"));
  EXPECT_THAT(ToMarkdown(comparison), HasSubstr("CAUTION: another processor"));
}

TEST(CompareRuns, BadFilesAreErrorsThatNameThem) {
  const std::string good = RunText({Result(4, 1, 0.1)});
  EXPECT_THAT(ErrorOf("", good), HasSubstr("old.json is no result"));
  EXPECT_THAT(ErrorOf(good, good.substr(0, good.size() / 2)), HasSubstr("new.json is no result"));
  EXPECT_THAT(ErrorOf(good, "[1, 2]"), HasSubstr("new.json is no result"));
  EXPECT_THAT(ErrorOf(R"({"schema": 0})", good), HasSubstr("old.json has schema 0, and this program reads schema 1"));
  EXPECT_THAT(ErrorOf(good, R"({"schema": 1, "environment": {}})"), HasSubstr("new.json is damaged"));
  EXPECT_THAT(ErrorOf(R"({"schema": 1, "environment": 3})", good), HasSubstr("old.json is damaged: environment is 3"));
  EXPECT_THAT(ErrorOf(good, RunText({Result(5, 1, 0.1)})), HasSubstr("no contender in common"));
}

}  // namespace
}  // namespace sid
