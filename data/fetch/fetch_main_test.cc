// The program as a user calls it: what it prints, and its exit code.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/command_line/command_for_tests.h"
#include "data/fetch/http_server.h"

namespace sid {
namespace {

using testing::HasSubstr;

Outcome RunFetch(const std::string& arguments) { return RunCommand("data/fetch/fetch_main " + arguments); }

void ExpectOneLineAndExitCode2(const std::string& arguments, const std::string& message) {
  const Outcome result = RunFetch(arguments);
  EXPECT_EQ(result.code, 2) << arguments;
  EXPECT_EQ(result.text, "fetch: " + message + "\n");
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
  const Outcome result = RunFetch("--help");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.text, HasSubstr("Usage: ./tools/bazel run //data:fetch"));
  EXPECT_THAT(result.text, HasSubstr("--mirror=<text>"));
  EXPECT_EQ(result.text.find("logtostderr"), std::string::npos);
}

TEST(FetchMain, ARelativeOutIsTheCallersAndAWrongChecksumEndsWithOneLine) {
  HttpServer server;
  server.Set("/train-images-idx3-ubyte.gz", {.body = "not the official file"});
  const std::string callers_folder = testing::TempDir();
  setenv("BUILD_WORKING_DIRECTORY", callers_folder.c_str(), 1);
  const Outcome result = RunFetch("--dataset=mnist --out=relative/folder --mirror=" + server.url());
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.text,
              HasSubstr("fetch: " + server.url() + "/train-images-idx3-ubyte.gz is not the official file"));
  EXPECT_TRUE(
      std::filesystem::exists(callers_folder + "/relative/folder/mnist/train-images-idx3-ubyte.gz.bad-checksum"));
}

}  // namespace
}  // namespace sid
