#include "bench/results/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "bench/results/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

// A contender whose modules have phases, and one that it is compared with.
ordered_json Bench() {
  const std::vector<PhaseSamples> phases = {{"step", -1, {3}}, {"local update", -1, {2}}, {"local update", 0, {2}}};
  ordered_json bench = {{"schema", kSchema},
                        {"environment", {{"command", "bench"}}},
                        {"settings", {{"extractor", true}}},
                        {"warnings", ordered_json::array()}};
  bench.update(Reduce(
      {{.contender = {.depth = 1}, .latency = {{1, ""}, {2, ""}}, .phases = phases, .memory = {.parameter_bytes = 4}},
       {.contender = {.learner = "bp-chain", .depth = 1}, .latency = {{2, ""}, {3, ""}}}},
      {}, {.bytes_per_second = 1}));
  return bench;
}

std::string ErrorOf(const std::string& text) {
  const absl::Status status = ParseBench(text, "a.json").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
  return std::string(status.message());
}

// What is at a place, given by a JSON pointer, replaced.
std::string ErrorWith(const std::string& place, const ordered_json& value) {
  ordered_json bench = Bench();
  bench.at(ordered_json::json_pointer(place)) = value;
  return ErrorOf(bench.dump());
}

TEST(ParseBench, ReadsWhatBenchWrites) { EXPECT_EQ(ParseBench(Bench().dump(), "a.json").value(), Bench()); }

TEST(ParseBench, OtherFilesAndSchemas) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("a.json is no result of //:bench: it is no JSON, or not whole"));
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '[')), HasSubstr("it nests deeper"));
  EXPECT_THAT(ErrorOf("[1, 2]"), HasSubstr("it has no number 'schema'"));
  EXPECT_THAT(ErrorWith("/schema", "1"), HasSubstr("it has no number 'schema'"));
  EXPECT_THAT(ErrorWith("/schema", 7), HasSubstr("a.json has schema 7, and this program reads schema 1"));
}

TEST(ParseBench, WrongTypesAreNamedByTheirPlace) {
  EXPECT_THAT(ErrorWith("/environment", 3), HasSubstr("a.json is damaged: environment is 3, expected an object"));
  EXPECT_THAT(ErrorWith("/environment/command", 3), HasSubstr("environment.command is 3"));
  EXPECT_THAT(ErrorWith("/settings/extractor", "yes"), HasSubstr("settings.extractor is \"yes\""));
  EXPECT_THAT(ErrorWith("/contenders", ordered_json::object()), HasSubstr("contenders is {}, expected a list"));
  EXPECT_THAT(ErrorWith("/contenders/1/step_seconds/low", nullptr),
              HasSubstr("contenders[1].step_seconds.low is null"));
  EXPECT_THAT(ErrorWith("/contenders/0/phases/0/seconds", 1), HasSubstr("contenders[0].phases[0].seconds is 1"));
  EXPECT_THAT(ErrorWith("/warnings", {"a", 1}), HasSubstr("warnings[1] is 1, expected a text"));
  EXPECT_THAT(ErrorWith("/measured_speedups/0/ratio/median", "2"), HasSubstr("ratio.median is \"2\""));
}

TEST(ParseBench, LabelsAreDistinctAndSpeedupsOfThem) {
  EXPECT_THAT(ErrorWith("/contenders/1/label", Bench()["contenders"][0]["label"]), HasSubstr("twice"));
  EXPECT_THAT(ErrorWith("/measured_speedups/0/over", "x\ny"), HasSubstr(R"(a speedup is of "x\ny", which is no)"));
  EXPECT_THAT(ErrorWith("/modelled_speedups/0/label", "x"), HasSubstr("a speedup is of \"x\""));
}

TEST(ReadBench, ThisProjectsOwnResults) {
  for (const char* path :
       {"bench/e2/step.json", "bench/e2/cascade.json", "bench/cascade/results.json", "bench/steps/results.json",
        "bench/e5/two_cores.json", "bench/h200/steps.json", "bench/h200/resnet18_even4.json",
        "bench/h200/resnet18_even8.json", "bench/h200/vit_tiny_even4.json"}) {
    EXPECT_TRUE(ReadBench(path).ok()) << ReadBench(path).status();
  }
  EXPECT_EQ(ReadBench("bench/none.json").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace sid
