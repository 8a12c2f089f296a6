// The committed report says what its runs say, number by number.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "reproducibility/report/report.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

constexpr char kFolder[] = "reproducibility/results/two_cores";

Registry TheRegistry() { return ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(); }

ordered_json Recomputed() {
  const auto input = ReadReportInput(kFolder, TheRegistry());
  EXPECT_TRUE(input.ok()) << input.status();
  return input.ok() ? MakeReport(*input).value() : ordered_json::object();
}

TEST(CommittedReport, IsWhatTheRunsSay) {
  EXPECT_EQ(Recomputed().dump(1) + "\n", ReadFile(absl::StrCat(kFolder, "/report.json")).value())
      << "make it again: //:reproduce with the report's own command, into its folder";
}

TEST(CommittedReport, NamesEveryRunAndNoOther) {
  std::set<std::string> named, there;
  const ordered_json report = Recomputed();
  for (const ordered_json& experiment : report.at("experiments")) {
    for (const ordered_json& run : experiment.at("runs")) named.insert(run.at("file").get<std::string>());
  }
  for (const auto& file : std::filesystem::directory_iterator(absl::StrCat(kFolder, "/runs"))) {
    there.insert(file.path().filename().string());
  }
  EXPECT_EQ(named, there);
}

TEST(CommittedReport, HoldsNoPathOfAMachine) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (!file.is_regular_file()) continue;
    const std::string text = ReadFile(file.path().string()).value();
    for (const char* path : {"/home/", "/root/", "/tmp/", "/Users/", "=/"}) {
      EXPECT_EQ(text.find(path), std::string::npos) << file.path() << " " << path;
    }
  }
}

}  // namespace
}  // namespace sid
