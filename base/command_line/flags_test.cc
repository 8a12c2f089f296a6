#include "base/command_line/flags.h"

#include <gflags/gflags.h>
#include <gtest/gtest.h>

#include <cstdlib>

DEFINE_string(place, "here", "where it happens");
DEFINE_int32(depth, 5, "how many modules");
DEFINE_int64(steps, 7, "how many steps");
DEFINE_uint64(seed, 1, "what the run depends on");
DEFINE_double(alpha, 0.5, "the weight of the target");
DEFINE_bool(resume, true, "whether to go on");
DEFINE_string(hidden, "", "a library's flag, in no topic");

namespace sid {
namespace {

const ProgramFlags kProgram = {"Usage: program --depth=5",
                               {{"Where", {"place"}}, {"How", {"depth", "steps", "seed", "alpha", "resume"}}}};

class FlagsTest : public testing::Test {
 protected:
  absl::Status Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return ParseFlags(static_cast<int>(arguments.size()), arguments.data(), kProgram, &help_);
  }

  // The message of the error that these arguments give.
  std::string Error(std::vector<const char*> arguments) {
    const absl::Status status = Parse(std::move(arguments));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << "more than one line";
    return std::string(status.message());
  }

  std::string help_;
  gflags::FlagSaver saver_;
};

TEST_F(FlagsTest, UnderstandsEverySpelling) {
  ASSERT_TRUE(Parse({"--place=there=now", "--depth", "-3", "-steps=9", "-alpha", "1e-3", "--noresume", "--"}).ok());
  EXPECT_EQ(FLAGS_place, "there=now");
  EXPECT_EQ(FLAGS_depth, -3);
  EXPECT_EQ(FLAGS_steps, 9);
  EXPECT_EQ(FLAGS_alpha, 1e-3);
  EXPECT_FALSE(FLAGS_resume);
  ASSERT_TRUE(Parse({"--resume", "--place="}).ok());
  EXPECT_TRUE(FLAGS_resume);
  EXPECT_EQ(FLAGS_place, "");
  ASSERT_TRUE(Parse({"--resume=false", "--depth=1", "--depth=2"}).ok());
  EXPECT_FALSE(FLAGS_resume);
  EXPECT_EQ(FLAGS_depth, 2);
}

TEST_F(FlagsTest, AFurtherProcessIsGivenWhatIsSet) {
  ASSERT_TRUE(Parse({"--place=a b", "--noresume", "--alpha=0.25"}).ok());
  EXPECT_EQ(FlagsAsSet(kProgram), (std::vector<std::string>{"--place=a b", "--depth=5", "--steps=7", "--seed=1",
                                                            "--alpha=0.25", "--resume=false"}));
}

TEST_F(FlagsTest, NoArgumentsKeepTheDefaults) {
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(FLAGS_place, "here");
  EXPECT_EQ(FLAGS_depth, 5);
}

TEST_F(FlagsTest, UnknownFlags) {
  EXPECT_EQ(Error({"--depht=3"}), "unknown flag --depht; did you mean --depth? --help lists all");
  EXPECT_EQ(Error({"--xyzxyz"}), "unknown flag --xyzxyz; --help lists all");
  EXPECT_EQ(Error({"--hidden=1"}), "unknown flag --hidden; --help lists all");
  EXPECT_EQ(Error({"--nodepth"}), "unknown flag --nodepth; did you mean --depth? --help lists all");
  EXPECT_EQ(FLAGS_hidden, "");
}

TEST_F(FlagsTest, MalformedValues) {
  EXPECT_EQ(Error({"--depth=deep"}),
            "flag --depth: 'deep' is not valid; expected a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(Error({"--depth=3000000000"}),
            "flag --depth: '3000000000' is not valid; expected a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(Error({"--steps="}), "flag --steps: '' is not valid; expected a whole number");
  EXPECT_EQ(Error({"--seed=-1"}), "flag --seed: '-1' is not valid; expected a whole number from 0 on");
  EXPECT_EQ(Error({"--alpha", "half"}), "flag --alpha: 'half' is not valid; expected a number");
  EXPECT_EQ(Error({"--resume=maybe"}), "flag --resume: 'maybe' is not valid; expected true or false");
  EXPECT_EQ(FLAGS_depth, 5);
}

TEST_F(FlagsTest, MissingValues) {
  EXPECT_EQ(Error({"--place"}), "flag --place has no value; expected text");
  EXPECT_EQ(Error({"--alpha", "--depth=3"}), "flag --alpha has no value; expected a number");
}

TEST_F(FlagsTest, ArgumentsThatAreNoFlags) {
  const std::string hint = "; every setting is a flag, --name=value; --help lists all";
  EXPECT_EQ(Error({"5"}), "unexpected argument '5'" + hint);
  EXPECT_EQ(Error({"--resume", "false"}), "unexpected argument 'false'" + hint);
  EXPECT_EQ(Error({"--", "--depth=3"}), "unexpected argument '--depth=3'" + hint);
  EXPECT_EQ(Error({""}), "unexpected argument ''" + hint);
  EXPECT_EQ(Error({"--=3"}), "unexpected argument '--=3'" + hint);
}

TEST_F(FlagsTest, HelpShowsThisProgramsFlagsByTopic) {
  for (const char* asking : {"--help", "-help", "-h"}) {
    ASSERT_TRUE(Parse({"--depth=6", asking, "--wrong"}).ok());
    EXPECT_EQ(FLAGS_depth, 5) << "help sets nothing";
    EXPECT_EQ(
        help_.find("Usage: program --depth=5\n\nWhere:\n  --place=<text>  (default: here)\n      where it happens\n"),
        0u)
        << help_;
    EXPECT_NE(help_.find("\nHow:\n  --depth=<whole number>  (default: 5)\n"), std::string::npos) << help_;
    EXPECT_NE(help_.find("  --[no]resume  (default: true)\n      whether to go on\n"), std::string::npos) << help_;
    EXPECT_EQ(help_.find("hidden"), std::string::npos) << help_;
  }
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(help_, "");
}

TEST(CallersPath, IsRelativeToWhereBazelWasCalled) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/someone", 1);
  EXPECT_EQ(CallersPath("runs/1"), "/home/someone/runs/1");
  EXPECT_EQ(CallersPath("../runs"), "/home/runs");
  EXPECT_EQ(CallersPath("/tmp/runs"), "/tmp/runs");
  EXPECT_EQ(CallersPath(""), "");
  setenv("HOME", "/home/other", 1);
  EXPECT_EQ(CallersPath("~/runs"), "/home/other/runs");
  char program[] = "micro", out[] = "--benchmark_out=~/micro.json", relative[] = "--benchmark_out=micro.json",
       filter[] = "--benchmark_filter=a";
  char* argv[] = {program, out, filter, relative};
  MakeCallersPath("benchmark_out", 4, argv);
  EXPECT_STREQ(argv[1], "--benchmark_out=/home/other/micro.json");
  EXPECT_STREQ(argv[2], "--benchmark_filter=a");
  EXPECT_STREQ(argv[3], "--benchmark_out=/home/someone/micro.json");
  setenv("SID_CALLERS_FOLDER", "/home/some one", 1);
  EXPECT_EQ(CallersPath("runs/1"), "/home/some one/runs/1");
  unsetenv("SID_CALLERS_FOLDER");
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(CallersPath("runs/1"), "runs/1");
  EXPECT_EQ(CallersPath("~/runs"), "/home/other/runs");
}

}  // namespace
}  // namespace sid
