#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/report/report.h"

namespace sid {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

constexpr char kCommitted[] = "reproducibility/results/two_cores";

const Registry& TheRegistry() {
  static const auto* const kRegistry =
      new Registry(ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value());
  return *kRegistry;
}

// A report of one experiment's first run.
ordered_json SmallReport() {
  ordered_json report = ordered_json::parse(ReadFile(std::string(kCommitted) + "/report.json").value());
  report["benches"] = ordered_json::array();
  ordered_json experiment = report["experiments"][0];
  experiment["runs"] = ordered_json::array({experiment["runs"][0]});
  report["experiments"] = ordered_json::array({experiment});
  return report;
}

std::string RunOf(const ordered_json& report) { return report["experiments"][0]["runs"][0]["file"].get<std::string>(); }

// The report in a folder, with its run.
absl::Status StatusOf(const ordered_json& report) {
  const std::string folder = NewFolder(), run = RunOf(SmallReport());
  WriteTestFile(folder + "/report.json", report.dump());
  WriteTestFile(folder + "/runs/" + run, ReadFile(std::string(kCommitted) + "/runs/" + run).value());
  WriteTestFile(folder + "/elsewhere.json", ReadFile(folder + "/runs/" + run).value());
  const auto input = ReadReportInput(folder, TheRegistry());
  EXPECT_EQ(input.status().message().find('\n'), absl::string_view::npos);
  return input.ok() ? MakeReport(*input).status() : input.status();
}

std::string ErrorWith(const std::string& place, const ordered_json& value) {
  ordered_json report = SmallReport();
  report.at(ordered_json::json_pointer(place)) = value;
  return std::string(StatusOf(report).message());
}

TEST(ReadReportInput, OfAWholeReport) { EXPECT_TRUE(StatusOf(SmallReport()).ok()) << StatusOf(SmallReport()); }

TEST(ReadReportInput, OtherFiles) {
  EXPECT_THAT(StatusOf(3).message(), HasSubstr("is no report: it has no number 'schema'"));
  EXPECT_THAT(ErrorWith("/schema", "1"), HasSubstr("is no report: it has no number 'schema'"));
  const std::string folder = NewFolder();
  WriteTestFile(folder + "/report.json", std::string(1'000'000, '['));
  EXPECT_THAT(ReadReportInput(folder, TheRegistry()).status().message(), HasSubstr("it nests deeper"));
}

TEST(ReadReportInput, WrongTypesAreNamedByTheirPlace) {
  EXPECT_THAT(ErrorWith("/options", 3), HasSubstr("options is 3, expected a text"));
  EXPECT_THAT(ErrorWith("/experiments", 3), HasSubstr("experiments is 3, expected a list"));
  EXPECT_THAT(ErrorWith("/experiments/0/not_run", nullptr), HasSubstr("experiments[0].not_run is null"));
  EXPECT_THAT(ErrorWith("/experiments/0/runs/0", "a.json"), HasSubstr("experiments[0].runs[0] is \"a.json\""));
  EXPECT_THAT(ErrorWith("/selection", "C0"), HasSubstr("unknown claim 'C0'"));
  EXPECT_THAT(ErrorWith("/benches", {"bench.json"}), HasSubstr("bench.json"));
}

// All of these are there.
TEST(ReadReportInput, NoFileOutsideOfItsRuns) {
  for (const std::string name : {"../elsewhere.json", "../runs/../elsewhere.json", "/etc/hostname", "..", ".", ""}) {
    EXPECT_THAT(ErrorWith("/experiments/0/runs/0/file", name), HasSubstr("which is no plain file name")) << name;
    EXPECT_THAT(ErrorWith("/benches", {name}), HasSubstr("which is no plain file name")) << name;
  }
  EXPECT_THAT(ErrorWith("/experiments/0/runs/0/file", "none.json"), HasSubstr("none.json"));
}

}  // namespace
}  // namespace sid
