// What a second call repeats, and what a damaged or changed folder says.

#include "reproducibility/reproduce.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "base/status.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/experiments/experiment.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

ReproduceRequest Tiny(const std::string& claims, const std::string& out) {
  ReproduceRequest request{.claims = claims, .out = out};
  EXPECT_TRUE(ApplyBudget("quick", &request).ok());
  request.seeds = request.size.epochs = 1;
  request.size.train_images = 100;
  request.size.device = "cpu";
  return request;
}

Registry TheRegistry() { return ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(); }

struct Called {
  absl::StatusOr<ordered_json> report = absl::UnknownError("");
  std::vector<ReproduceProgress> progress;

  int64_t Ran() const {
    return std::count_if(progress.begin(), progress.end(), [](const auto& p) { return !p.kept; });
  }
};

Called Call(const std::string& out, const Registry& registry = TheRegistry(), const std::string& claims = "R5") {
  Called called;
  Pace pace([](const TrainConfig&) { return 1e-3; });
  const ReproduceHooks hooks{.clock = [time = 0.0]() mutable { return time += 1; },
                             .pace = &pace,
                             .on_progress = [&](const ReproduceProgress& p) { called.progress.push_back(p); }};
  called.report = Reproduce(registry, Tiny(claims, out), hooks);
  return called;
}

// A folder of the running test's own, with all runs of R5 and their report; they are trained once.
std::string FinishedFolder() {
  static const std::string* const kFinished = [] {
    auto* folder = new std::string(testing::TempDir() + "/finished");
    EXPECT_TRUE(Call(*folder).report.ok());
    return folder;
  }();
  std::string folder = NewFolder();
  std::filesystem::copy(*kFinished, folder, std::filesystem::copy_options::recursive);
  return folder;
}

std::string FirstRun(const std::string& out) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(out + "/runs")) files.push_back(file.path().string());
  return *std::min_element(files.begin(), files.end());
}

TEST(Reproduce, RunsWhatIsMissingAndNothingTwice) {
  const std::string out = NewFolder();
  // Four runs of one experiment and three of another, of which they share one.
  const Called first = Call(out, TheRegistry(), "C1,R5");
  ASSERT_TRUE(first.report.ok()) << first.report.status();
  EXPECT_EQ(first.Ran(), 6);
  EXPECT_EQ(first.progress.back().done, first.progress.back().all);
  EXPECT_EQ(first.progress.front().what.find("accuracy: sid L=5 seed 1: "), 0u) << first.progress.front().what;
  const Called second = Call(out, TheRegistry(), "C1,R5");
  EXPECT_EQ(second.Ran(), 0);
  EXPECT_EQ(*second.report, *first.report);
  // An interruption is a run whose file is not there yet.
  std::filesystem::remove(FirstRun(out));
  EXPECT_EQ(Call(out, TheRegistry(), "C1,R5").Ran(), 1);
}

TEST(Reproduce, BeginsNoRunThatWouldNotEndInTime) {
  const std::string out = NewFolder();
  // By its first steps a run takes a second. By this clock it takes some: whoever looks at it lets one go by.
  const auto made_by = [&](double end) {
    int64_t made = 0;
    Pace pace([](const TrainConfig&) { return 1e-3; }, end);
    const auto undone = RunMissing(TheRegistry(), Tiny("R5", out),
                                   {.clock = [time = 0.0]() mutable { return time += 1; },
                                    .pace = &pace,
                                    .on_progress = [&](const ReproduceProgress& progress) { made += !progress.kept; }});
    return std::pair(made, undone.value());
  };
  using Undone = std::map<std::string, std::string>;
  const Undone too_late{{"divergence", "the time was up"}};
  EXPECT_EQ(made_by(0.1), std::pair(int64_t{0}, too_late));
  const auto [in_time, undone] = made_by(7);
  EXPECT_GT(in_time, 0);
  EXPECT_EQ(undone, too_late);
  EXPECT_FALSE(std::filesystem::exists(out + "/report.json"));
  // What is there is not made again, and without an end all the others are.
  const auto [rest, nothing] = made_by(std::numeric_limits<double>::infinity());
  EXPECT_EQ(nothing, Undone());
  EXPECT_GT(rest, 0);
  EXPECT_EQ(Call(out).Ran(), 0);
}

// Another process at work on a run, one of the last: it takes half of what is left.
TEST(Reproduce, TellsTheTimeThatIsLeftForAllWhoAreAtWork) {
  const std::string out = FinishedFolder();
  const auto minutes_left = [&] {
    std::vector<double> minutes;
    for (const ReproduceProgress& run : Call(out).progress) minutes.push_back(run.minutes_left);
    return minutes;
  };
  const std::vector<double> alone = minutes_left();
  std::filesystem::create_directory(out + "/runs/another.json" + kRunning);
  const std::vector<double> shared = minutes_left();
  ASSERT_EQ(shared.size(), alone.size());
  EXPECT_GT(alone[0], 0);
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_DOUBLE_EQ(shared[i], alone[i] / 2);
}

TEST(Reproduce, AQuickRunSaysWhatItCannotShow) {
  const ordered_json report = *Call(FinishedFolder()).report;
  const ordered_json& claim = report["claims"][0];
  EXPECT_EQ(claim["verdict"], "INCONCLUSIVE");
  const auto reason = claim["reason"].get<std::string>();
  for (const std::string part :
       {"mnist-mini instead of cifar10", "epochs: 1 of 50", "100 training images", "too few seeds: 1 of 5"}) {
    EXPECT_NE(reason.find(part), std::string::npos) << reason;
  }
}

TEST(Reproduce, AResultChangedByHandStopsWithItsNameAndStays) {
  const std::string out = FinishedFolder();
  const std::string path = FirstRun(out);
  ordered_json result = ordered_json::parse(ReadFile(path).value());
  result["test"]["accuracy"].back() = 0.99;
  const std::string edited = result.dump(1);
  ASSERT_TRUE(WriteFileAtomically(path, edited).ok());
  const absl::Status status = Call(out).report.status();
  EXPECT_NE(status.message().find("was changed after it was written"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find(std::filesystem::path(path).filename().string()), absl::string_view::npos);
  EXPECT_EQ(ReadFile(path).value(), edited);
}

TEST(Reproduce, ResultsOfAnotherSchemaStop) {
  const std::string out = FinishedFolder();
  ordered_json result = ordered_json::parse(ReadFile(FirstRun(out)).value());
  result["schema"] = 99;
  ASSERT_TRUE(WriteFileAtomically(FirstRun(out), result.dump(1)).ok());
  EXPECT_NE(Call(out).report.status().message().find("has schema 99"), absl::string_view::npos);
}

TEST(Reproduce, ARuleChangedAfterwardsIsToldAndDecidesNothing) {
  const std::string out = FinishedFolder();
  ordered_json json = ordered_json::parse(ReadFile("reproducibility/claims/claims.json").value());
  for (ordered_json& claim : json["claims"]) {
    if (claim["id"] == "R5") claim["rule"]["contrasts"][0]["above"] = 0.0;
  }
  const Called called = Call(out, ParseRegistry(json.dump()).value());
  EXPECT_EQ(called.Ran(), 0);
  EXPECT_EQ((*called.report)["claims"][0]["verdict"], "INCONCLUSIVE");
  EXPECT_NE((*called.report)["claims"][0]["reason"].get<std::string>().find("the rule is not the one"),
            std::string::npos);
}

TEST(Reproduce, JudgesAgainWithoutARun) {
  const std::string out = FinishedFolder();
  const ordered_json before = ordered_json::parse(ReadFile(out + "/report.json").value());
  std::filesystem::remove(out + "/report.md");
  EXPECT_EQ(JudgeAgain(TheRegistry(), out).value(), before);
}

// The first contrast refutes R5: smoothing 0.1 is made to have guessed. The rest of the plan is not run.
TEST(Reproduce, ARefutedClaimNeedsNoFurtherRuns) {
  Registry registry = TheRegistry();
  for (Claim& claim : registry.claims) {
    if (claim.id != "R5") continue;
    claim.seeds = 1;
    claim.rule->needs = {};
    claim.rule->contrasts[0].terms.resize(1);
    claim.rule->contrasts[0].bound = {true, 2};  // no accuracy is above it
    claim.rule->pooled = false;
  }
  ReproduceRequest request = Tiny("R5", NewFolder());
  request.seeds = 2;
  int ran = 0;
  const ReproduceHooks hooks{.clock = [time = 0.0]() mutable { return time += 1; },
                             .on_progress = [&](const ReproduceProgress&) { ++ran; }};
  const ordered_json report = Reproduce(registry, request, hooks).value();
  EXPECT_EQ(report["claims"][0]["verdict"], "FAIL") << report["claims"][0]["reason"];
  EXPECT_EQ(ran, 2);
}

TEST(Reproduce, WithoutDataEveryExperimentSaysSo) {
  const ReproduceHooks hooks{.clock = [] { return 0.0; }};
  const ordered_json report = Reproduce(TheRegistry(), {.tune = true, .out = NewFolder()}, hooks).value();
  EXPECT_EQ(report["command"], "./tools/bazel run //:reproduce -- --claims=all --tune --data_dir=DIR --out=OUT");
  for (const ordered_json& claim : report["claims"]) {
    if (claim["verdict"] == "BY CONSTRUCTION") continue;  // it needs none
    EXPECT_EQ(claim["verdict"], "NOT RUN") << claim["id"];
    EXPECT_FALSE(claim["reason"].get<std::string>().empty());
  }
}

TEST(Reproduce, AFolderThatLacksADataSetSaysSoOnceAndNoPath) {
  const ReproduceHooks hooks{.clock = [] { return 0.0; }};
  const std::string nowhere = NewFolder();
  const ordered_json report =
      Reproduce(TheRegistry(), {.claims = "R5", .size = {.data_dir = nowhere}, .out = NewFolder()}, hooks).value();
  EXPECT_EQ(report.dump().find(nowhere), std::string::npos);
  EXPECT_NE(report["claims"][0]["reason"].get<std::string>().find("DIR"), std::string::npos);
}

// A result of //:bench, made up: a step three times as fast on four devices.
absl::Status WriteBench(const std::string& folder) {
  ordered_json bench = ordered_json::parse(R"({
    "schema": 1,
    "environment": {},
    "settings": {"extractor": true},
    "warnings": [],
    "contenders": [{
      "label": "a", "learner": "sid", "precision": "fp32", "depth": 4, "batch": 128,
      "step_seconds": {"median": 1, "low": 1, "high": 1}, "stationary": true, "trusted": true, "above_bytes": 1,
      "phases": []}],
    "measured_speedups": [],
    "modelled_speedups": [
      {"label": "a", "theoretical": 3.0, "critical_path": [{"devices": 4, "speedup": 3.0}]}]})");
  bench["environment"]["command"] = "//:bench -- --out=" + folder;
  SID_RETURN_IF_ERROR(EnsureWritableFolder(folder));
  return WriteFileAtomically(folder + "/results.json", bench.dump());
}

TEST(Reproduce, MeasuresOnceWhatIsAboutTime) {
  const std::string out = NewFolder();
  int measured = 0;
  const ReproduceHooks hooks{.clock = [] { return 0.0; },
                             .measure =
                                 [&](const std::string& folder) {
                                   ++measured;
                                   return WriteBench(folder);
                                 }};
  const auto call = [&](const std::string& claims, const Registry& registry) {
    return Reproduce(registry, Tiny(claims, out), hooks);
  };
  ASSERT_TRUE(call("C8", TheRegistry()).ok());
  EXPECT_EQ(measured, 0);
  EXPECT_EQ((*call("C4b", TheRegistry()))["claims"][0]["verdict"], "PASS");
  EXPECT_EQ((*call("C4b", TheRegistry()))["claims"][0]["verdict"], "PASS");
  EXPECT_EQ(measured, 1);
  EXPECT_EQ(ReadFile(out + "/bench.json")->find(out), std::string::npos) << "a path of this machine";

  const std::string given = out + "/given", other = out + "/other";
  ASSERT_TRUE(WriteBench(given).ok());
  ReproduceRequest request = Tiny("C4b", other);
  request.bench = given + "/results.json";
  EXPECT_EQ((*Reproduce(TheRegistry(), request, hooks))["claims"][0]["verdict"], "PASS");
  EXPECT_EQ(ReadFile(other + "/bench.json")->find(given), std::string::npos) << "a path of this machine";

  ordered_json json = ordered_json::parse(ReadFile("reproducibility/claims/claims.json").value());
  for (ordered_json& claim : json["claims"]) {
    if (claim["id"] == "C4b") claim["rule"]["above"] = 2.9;
  }
  EXPECT_EQ((*call("C4b", ParseRegistry(json.dump()).value()))["claims"][0]["verdict"], "INCONCLUSIVE");
}

// A file may have 1,000 bytes here, which is what a full disk looks like to whoever writes.
TEST(Reproduce, AFullDiskIsOneLineAndLosesNothing) {
  const std::string out = FinishedFolder();
  const std::string report = ReadFile(out + "/report.json").value();
  std::filesystem::remove(FirstRun(out));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const absl::Status status = Call(out).report.status();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(status.message().find("cannot write"), absl::string_view::npos) << status;
  EXPECT_EQ(ReadFile(out + "/report.json").value(), report);
  EXPECT_EQ(Call(out).Ran(), 1);
}

}  // namespace
}  // namespace sid
