// The program as a user calls it: what it prints, and its exit code.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "data/fetch/http_server.h"

namespace sid {
namespace {

using testing::HasSubstr;

struct Result {
  int exit_code;
  std::string output;  // of both streams
};

Result RunFetch(const std::string& arguments) {
  std::FILE* const pipe = popen(("data/fetch/fetch_main " + arguments + " 2>&1").c_str(), "r");
  Result result = {-1, ""};
  char piece[4096];
  while (const size_t got = fread(piece, 1, sizeof(piece), pipe)) result.output.append(piece, got);
  result.exit_code = WEXITSTATUS(pclose(pipe));
  return result;
}

void ExpectOneLineAndExitCode2(const std::string& arguments, const std::string& message) {
  const Result result = RunFetch(arguments);
  EXPECT_EQ(result.exit_code, 2) << arguments;
  EXPECT_EQ(result.output, "fetch: " + message + "\n");
}

TEST(FetchMain, BadInput) {
  const std::string there_are = " There are: cifar10, cifar100, tiny-imagenet, mnist";
  ExpectOneLineAndExitCode2("--dataset=cifr10 --out=x",
                            "unknown data set 'cifr10'; did you mean 'cifar10'?" + there_are);
  ExpectOneLineAndExitCode2("",
                            "no data set named; name one with --dataset=NAME: cifar10, cifar100, tiny-imagenet, mnist");
  ExpectOneLineAndExitCode2("--dataset=mnist", "no folder to put it into; name one with --out=DIR");
  ExpectOneLineAndExitCode2("--datset=mnist", "unknown flag --datset; did you mean --dataset? --help lists all");
  ExpectOneLineAndExitCode2("mnist",
                            "unexpected argument 'mnist'; every setting is a flag, --name=value; --help lists all");
}

TEST(FetchMain, HelpIsOfThisProgram) {
  const Result result = RunFetch("--help");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("Usage: ./tools/bazel run //data:fetch"));
  EXPECT_THAT(result.output, HasSubstr("--mirror=<text>"));
  EXPECT_EQ(result.output.find("logtostderr"), std::string::npos);
}

TEST(FetchMain, ARelativeOutIsTheCallersAndAWrongChecksumEndsWithOneLine) {
  HttpServer server;
  server.Set("/train-images-idx3-ubyte.gz", {.body = "not the official file"});
  const std::string callers_folder = testing::TempDir();
  setenv("BUILD_WORKING_DIRECTORY", callers_folder.c_str(), 1);
  const Result result = RunFetch("--dataset=mnist --out=relative/folder --mirror=" + server.url());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.output,
              HasSubstr("fetch: " + server.url() + "/train-images-idx3-ubyte.gz is not the official file"));
  EXPECT_TRUE(
      std::filesystem::exists(callers_folder + "/relative/folder/mnist/train-images-idx3-ubyte.gz.bad-checksum"));
}

}  // namespace
}  // namespace sid
