// The micro-benchmarks as a user meets them: what is printed, written and refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/command_line/command_for_tests.h"
#include "base/files.h"

namespace sid {
namespace {

using testing::HasSubstr;

TEST(Micro, WritesTheRateOfEachWork) {
  // Bazel runs it in its own folder, and the caller's file belongs into the caller's.
  const std::string file = testing::TempDir() + "/micro.json";
  const Outcome outcome = RunCommand("BUILD_WORKING_DIRECTORY=" + testing::TempDir() +
                                     " bench/micro/micro --benchmark_min_time=0.001 --benchmark_out=micro.json" +
                                     " '--benchmark_filter=^(chain|update|optimizer).*/4/|^bound'");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const auto written = nlohmann::json::parse(ReadFile(file).value());
  EXPECT_THAT(written["context"]["command"], HasSubstr("//bench:micro -- --benchmark_min_time="));
  std::set<std::string> kinds;
  for (const auto& run : written["benchmarks"]) {
    const std::string name = run["name"];
    kinds.insert(name.substr(0, name.find('/')));
    EXPECT_GT(run["real_time"].get<double>(), 0) << name;
    EXPECT_GT(run.value("flop", 0.0) + run.value("bytes", 0.0), 0) << name;
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"bound", "chain", "optimizer", "update"}));
}

TEST(Micro, AFilterThatFitsNothingIsAnError) {
  const Outcome outcome = RunCommand("bench/micro/micro --benchmark_filter=chains");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.text, HasSubstr("Failed to match any benchmarks"));
  EXPECT_EQ(RunCommand("bench/micro/micro --filter=cascade").code, 2);
}

}  // namespace
}  // namespace sid
