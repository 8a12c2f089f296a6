// The commands as a user meets them: exit codes, messages of one line, and the files that are written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/command_line/command_for_tests.h"
#include "base/files.h"

namespace sid {
namespace {

using testing::HasSubstr;

const std::string kFolder = testing::TempDir() + "/bench";
// A small run.
const std::string kSmall =
    "bench/bench --learners=sid,bp-chain --depths=2,3 --batches=4 --classes=3 --side=8 --features=4 --hidden=5 --quick "
    "--sample_seconds=0.001 --device=cpu --threads=1 --out=" +
    kFolder;

TEST(Bench, BadInputIsOneLineAndExitCode2) {
  ExpectOneLine(RunCommand("bench/bench --learners=sid,bpchain"), 2, "did you mean 'bp-chain'?");
  ExpectOneLine(RunCommand("bench/bench --depths="), 2, "--depths is empty");
  ExpectOneLine(RunCommand("bench/bench --depth=4"), 2, "did you mean --depths?");
  ExpectOneLine(RunCommand("bench/bench --capture=on --device=cpu"), 2, "--capture=on needs a GPU");
  ExpectOneLine(RunCommand("bench/bench --device=cuda:99"), 2, "is not there");
  const std::string file = testing::TempDir() + "/a-file";
  ASSERT_TRUE(WriteFileAtomically(file, "").ok());
  ExpectOneLine(RunCommand("bench/bench --out=" + file + "/below"), 2, "cannot create folder");
}

TEST(Bench, MeasuresAndWritesWhatItSays) {
  const Outcome outcome = RunCommand(kSmall);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  for (const std::string part : {"latency ...", "| step, ms | L | B |", "local update", "theoretical: modules alone",
                                 "critical path: a whole step", "measured: wall clock", "Written to"}) {
    EXPECT_THAT(outcome.text, HasSubstr(part));
  }
  const auto results = nlohmann::json::parse(ReadFile(kFolder + "/results.json").value());
  EXPECT_EQ(results["contenders"].size(), 6u);
  EXPECT_EQ(results["measured_speedups"].size(), 6u);
  EXPECT_EQ(results["modelled_speedups"].size(), 2u);
  EXPECT_THAT(results["environment"]["command"], HasSubstr("--depths=2,3"));
}

// Processes side by side, each of which is this program again.
TEST(Bench, MeasuresRanksBesideOneProcess) {
  const std::string folder = testing::TempDir() + "/ranks";
  const Outcome outcome = RunCommand(
      "bench/bench --learners=sid,bp --networks=simple-cnn --partitions=even --depths=2 --head=conv --executors=serial "
      "--schedules=serial,ranks,data-parallel,gpipe --batches=4 --classes=3 --side=8 --quick --sample_seconds=0.001 "
      "--device=cpu --threads=1 --out=" +
      folder);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const auto results = nlohmann::json::parse(ReadFile(folder + "/results.json").value());
  std::vector<std::string> schedules;
  for (const auto& contender : results["contenders"]) {
    schedules.push_back(contender["schedule"]);
    EXPECT_GT(contender["step_seconds"]["median"], 0) << contender["label"];
  }
  EXPECT_THAT(schedules, testing::ElementsAre("serial", "ranks", "serial", "data-parallel", "gpipe"));
  ASSERT_EQ(results["modelled_pipelines"].size(), 1u);
  EXPECT_EQ(results["modelled_pipelines"][0]["stages_of"], results["contenders"][0]["label"]);
  Outcome shared =
      RunCommand("bench/bench --learners=sid --depths=2 --executors=serial --schedules=ranks --device=cpu");
  shared.text.erase(0, shared.text.rfind("bench: "));  // before it stands a warning where the machine is in use
  ExpectOneLine(shared, 2, "modules that own blocks");
}

}  // namespace
}  // namespace sid
