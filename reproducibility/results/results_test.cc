// Each committed report says what its runs say, number by number.

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "reproducibility/report/report.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

Registry TheRegistry() { return ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(); }

class CommittedReport : public testing::TestWithParam<const char*> {
 protected:
  const std::string folder_ = absl::StrCat("reproducibility/results/", GetParam());

  ordered_json Recomputed() const {
    const auto input = ReadReportInput(folder_, TheRegistry());
    EXPECT_TRUE(input.ok()) << input.status();
    return input.ok() ? MakeReport(*input).value() : ordered_json::object();
  }
};

TEST_P(CommittedReport, IsWhatTheRunsSay) {
  EXPECT_EQ(Recomputed().dump(1) + "\n", ReadFile(absl::StrCat(folder_, "/report.json")).value())
      << "make it again: //:reproduce with the report's own command, into its folder";
}

TEST_P(CommittedReport, NamesEveryRunAndNoOther) {
  std::set<std::string> named, there;
  const ordered_json report = Recomputed();
  for (const ordered_json& experiment : report.at("experiments")) {
    for (const ordered_json& run : experiment.at("runs")) named.insert(run.at("file").get<std::string>());
  }
  for (const auto& file : std::filesystem::directory_iterator(absl::StrCat(folder_, "/runs"))) {
    there.insert(file.path().filename().string());
  }
  EXPECT_EQ(named, there);
}

TEST_P(CommittedReport, HoldsNoPathOfAMachine) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_)) {
    if (!file.is_regular_file()) continue;
    const std::string text = ReadFile(file.path().string()).value();
    for (const char* path : {"/home/", "/root/", "/tmp/", "/Users/", "=/"}) {
      EXPECT_EQ(text.find(path), std::string::npos) << file.path() << " " << path;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CommittedReport,
                         testing::Values("two_cores", "two_cores_authors", "two_cores_blocks", "two_cores_float32",
                                         "two_cores_peers", "h200"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace sid
