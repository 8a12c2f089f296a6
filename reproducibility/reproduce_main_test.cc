// The command line.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include "base/command_line/command_for_tests.h"
#include "base/files.h"
#include "data/loaders/files_for_tests.h"

namespace sid {
namespace {

Outcome RunMain(const std::string& flags) { return RunCommand("reproducibility/reproduce " + flags); }

TEST(ReproduceMain, BadInputIsOneLineAndExitCode2) {
  const std::string folder = NewFolder();
  ASSERT_TRUE(WriteFileAtomically(folder + "/bench.json", R"({"schema": 7, "contenders": []})").ok());
  const std::pair<std::string, std::string> cases[] = {
      {"--claims=C99 --out=" + folder, "unknown claim 'C99'"},
      {"--budget=quik --out=" + folder, "did you mean 'quick'"},
      {"--seeds=-5 --out=" + folder, "--seeds=-5 is below 0"},
      {"--budget=quick", "--out is missing"},
      {"--jobs=-1 --out=" + folder, "--jobs=-1 is out of range"},
      {"--jobs=2 --claims=C99 --out=" + folder, "unknown claim 'C99'"},
      {"--seconds=-1 --out=" + folder, "--seconds=-1 is below 0"},
      {"--experiment=dept --out=" + folder, "did you mean 'depth'"},
      {"--experiment=depth --out=" + folder, "data_dir"},
      {"--dataset=mnist --out=" + folder, "--dataset is for --experiment"},
      {"--buget=quick", "did you mean --budget"},
      {"--claims=C4b --out=/proc/nowhere", "cannot create folder"},
      {"--claims=C4b --out=" + folder, "has schema 7"},
      {"--claims=C4b --bench=" + folder + "/none.json --out=" + folder, "cannot open"}};
  for (const auto& [flags, part] : cases) {
    const Outcome outcome = RunMain(flags);
    EXPECT_EQ(outcome.code, 2) << flags << "\n" << outcome.text;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
    EXPECT_NE(outcome.text.find(part), std::string::npos) << outcome.text;
  }
}

TEST(ReproduceMain, PrintsItsPlanAndRunsNothing) {
  const Outcome outcome = RunMain("--claims=C7,R7 --seeds=5 --epochs=50 --tune --plan");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("cifar100 sid L=8 seed 5, lr 0.001"), std::string::npos) << outcome.text;
  EXPECT_EQ(outcome.text.find("bp-"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("\n5 runs, each once, 0 of them there, 1 at a time, about"), std::string::npos)
      << outcome.text;
}

TEST(ReproduceMain, WritesTheReportAndItsPages) {
  const std::string folder = NewFolder();
  const Outcome outcome = RunMain("--claims=C10,Q1 --jobs=2 --out=" + folder);
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("0 PASS  0 FAIL  0 INCONCLUSIVE  1 NOT RUN  1 BY CONSTRUCTION"), std::string::npos)
      << outcome.text;
  for (const std::string name : {"report.json", "report.md", "report.html"}) {
    EXPECT_TRUE(std::filesystem::exists(folder + "/" + name)) << name;
  }
}

size_t Count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// All settings of an experiment, on a few digits.
std::string SmallExperiment(const std::string& out) {
  const std::string data = NewFolder();
  WriteMnist(data, 600, 20);
  return "reproducibility/reproduce --experiment=divergence --dataset=mnist --train_images=500 --epochs=1 --seeds=1 "
         "--device=cpu --threads=1 --data_dir=" +
         data + " --out=" + out;
}

size_t Results(const std::string& out) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(out + "/runs")) files += file.is_regular_file();
  return files;
}

TEST(ReproduceMain, TwoCallsAtOnceMakeEachRunOnce) {
  const std::string out = NewFolder(), command = SmallExperiment(out);
  const Outcome both = RunCommand(command + " & " + command + "; wait");
  EXPECT_EQ(Results(out), 4u);
  EXPECT_EQ(Count(both.text, "divergence: sid L=5 seed 1"), 4u) << both.text;
}

// Planned anew, what is there takes no time; and the time that is left reaches those who share the work.
TEST(ReproduceMain, CountsWhatIsThereAndBeginsNothingTooLate) {
  const std::string out = NewFolder(), command = SmallExperiment(out);
  EXPECT_EQ(RunCommand(command + " --jobs=2 --seconds=0.001").code, 0);
  EXPECT_EQ(Results(out), 0u);
  EXPECT_EQ(RunCommand(command).code, 0);
  const Outcome plan = RunCommand(command + " --plan");
  EXPECT_NE(plan.text.find("\n4 runs, each once, 4 of them there, 1 at a time, about 0.0 minutes"), std::string::npos)
      << plan.text;
}

// Killed while its second run goes on: the first one is kept, the others are run, and nothing half written is left.
TEST(ReproduceMain, AKilledCallGoesOnWithTheRunItWasIn) {
  const std::string out = NewFolder(), command = SmallExperiment(out), pipe = out + ".lines";
  const Outcome killed = RunCommand("mkfifo " + pipe + "; " + command + " > " + pipe +
                                    " & { read first; kill -9 $!; } < " + pipe + "; wait $!");
  EXPECT_EQ(killed.code, 128 + 9) << killed.text;
  EXPECT_EQ(Results(out), 1u);
  const Outcome resumed = RunCommand(command);
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_EQ(Count(resumed.text, "divergence: sid L=5 seed 1"), 3u) << resumed.text;
  EXPECT_EQ(Results(out), 4u);
}

TEST(ReproduceMain, HelpShowsItsFlags) {
  const Outcome help = RunMain("--help");
  EXPECT_EQ(help.code, 0);
  for (const std::string flag : {"--claims", "--seeds", "tune", "plan", "judge", "--data_dir", "--bench", "--out"}) {
    EXPECT_NE(help.text.find(flag), std::string::npos) << flag;
  }
}

}  // namespace
}  // namespace sid
