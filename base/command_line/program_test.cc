#include "base/command_line/program.h"

#include <gtest/gtest.h>

#include <iostream>
#include <stdexcept>

#include "base/release/release.h"

namespace sid {
namespace {

TEST(ExitCode, TellsBadInputFromWhatFailed) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::InternalError("a loss is inf")), 1);
  EXPECT_EQ(ExitCode(absl::ResourceExhaustedError("disk full")), 1);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("--depth=-1")), 2);
  EXPECT_EQ(ExitCode(absl::NotFoundError("no such folder")), 2);
}

TEST(FirstLine, LeavesTheStackOut) {
  EXPECT_EQ(FirstLine(std::runtime_error("out of memory\nframe #0: ...")), "out of memory");
  EXPECT_EQ(FirstLine(std::runtime_error("lost")), "lost");
}

// glog is initialised once a process, so each way to end has a process of its own.
class RunProgramDeathTest : public testing::Test {
 protected:
  static constexpr char kName[] = "program";

  static absl::Status ParseNothing(int, char**, std::string*) { return absl::OkStatus(); }

  static void Run(const Program& program) {
    char name[] = "program";
    char* argv[] = {name, nullptr};
    std::exit(RunProgram(program, 1, argv));
  }
};

TEST_F(RunProgramDeathTest, HelpIsShownAndNothingDone) {
  const auto help = [](int, char**, std::string* text) {
    *text = "Usage: ...\n";
    return absl::OkStatus();
  };
  const auto never = []() -> absl::Status { std::abort(); };
  EXPECT_EXIT(Run({.name = kName, .parse = help, .work = never}), testing::ExitedWithCode(0), "");
}

// On standard output, which a death test does not see.
TEST_F(RunProgramDeathTest, VersionIsShownAndNothingParsed) {
  const auto never = [](int, char**, std::string*) -> absl::Status { std::abort(); };
  const auto show = [&] {
    char name[] = "program", flag[] = "--version";
    char* argv[] = {name, flag, nullptr};
    std::cerr << VersionLine(kName);
    std::exit(RunProgram({.name = kName, .parse = never}, 2, argv));
  };
  EXPECT_EXIT(show(), testing::ExitedWithCode(0), R"(^program [0-9]+\.[0-9]+\.[0-9]+, commit [0-9a-z-]+$)");
}

TEST_F(RunProgramDeathTest, BadInputIsOneLineWhateverItsCode) {
  const auto refuse = [](int, char**, std::string*) { return absl::InternalError("unknown flag"); };
  const auto never = []() -> absl::Status { std::abort(); };
  EXPECT_EXIT(Run({.name = kName, .parse = refuse, .work = never}), testing::ExitedWithCode(2),
              "^program: unknown flag\n$");
}

TEST_F(RunProgramDeathTest, AnErrorThatQuotesTwoLinesIsOne) {
  const auto fail = [] { return absl::NotFoundError("there is no file 'a\nb\x1b[2J'"); };
  EXPECT_EXIT(Run({.name = kName, .parse = ParseNothing, .work = fail}), testing::ExitedWithCode(2),
              R"(^program: there is no file 'a\\nb\\x1b\[2J'.$)");
}

TEST_F(RunProgramDeathTest, FailuresHaveTheirExitCodes) {
  const auto fail = [] { return absl::ResourceExhaustedError("disk full"); };
  EXPECT_EXIT(Run({.name = kName, .parse = ParseNothing, .work = fail}), testing::ExitedWithCode(1),
              "^program: disk full\n$");
  const auto own = [](const absl::Status&) { return 143; };
  EXPECT_EXIT(Run({.name = kName, .parse = ParseNothing, .work = fail, .exit_code = own}), testing::ExitedWithCode(143),
              "^program: disk full\n$");
  const auto raise = []() -> absl::Status { throw std::runtime_error("device lost\nframe #0"); };
  EXPECT_EXIT(Run({.name = kName, .parse = ParseNothing, .work = raise}), testing::ExitedWithCode(1),
              "^program: device lost\n$");
}

TEST(SecondsNow, GoesOn) {
  const double before = SecondsNow();
  EXPECT_GE(SecondsNow(), before);
}

}  // namespace
}  // namespace sid
