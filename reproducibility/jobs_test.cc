// Trainings side by side, and what each of them gives alone. The test is its own copies: with a folder as its argument it is one of them.

#include <gtest/gtest.h>

#include <filesystem>

#include "base/command_line/copies.h"
#include "base/command_line/program.h"
#include "base/files.h"
#include "data/loaders/files_for_tests.h"
#include "reproducibility/claims/claims.h"
#include "reproducibility/experiments/experiment.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/reproduce.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

Registry TheRegistry() { return ParseRegistry(ReadFile("reproducibility/claims/claims.json").value()).value(); }

ReproduceRequest Request(const std::string& out) {
  ReproduceRequest request{.claims = "R5", .out = out};
  EXPECT_TRUE(ApplyBudget("quick", &request).ok());
  request.seeds = request.size.epochs = 1;
  request.size.train_images = 100;
  request.size.device = "cpu";
  request.size.threads = 1;
  return request;
}

// A byte for each run that it makes.
int TakePart(const std::string& out) {
  Pace pace([](const TrainConfig&) { return 0; });
  ReproduceHooks hooks{.clock = SecondsNow, .pace = &pace};
  hooks.on_progress = [&](const ReproduceProgress& run) {
    if (!run.kept) {
      EXPECT_TRUE(AppendToFile(out + "/made", ".").ok());
    }
  };
  return RunMissing(TheRegistry(), Request(out), hooks).ok() ? 0 : 1;
}

// Without what no two calls share.
ordered_json Result(const std::string& folder, const TrainConfig& run) {
  ordered_json result = ReadResult(folder, run).value();
  for (const char* other : {"seconds", "rules", "sha256"}) result.erase(other);
  return result;
}

TEST(Jobs, ShareTheRunsToTheBitsOfEachAlone) {
  const std::string alone = NewFolder() + "/alone", shared = NewFolder() + "/shared";
  ASSERT_TRUE(RunCopies(3, {"--work", shared}).ok());
  const Plan plan = MakePlan(SelectClaims(TheRegistry(), "R5").value(), Request(shared)).value();
  ASSERT_GT(plan.steps.size(), 2u);
  for (const Step& step : plan.steps) {
    EXPECT_TRUE(ReadResult(shared + "/runs", step.config).ok()) << ResultName(step.config);
  }
  EXPECT_EQ(FileSize(shared + "/made").value(), plan.steps.size()) << "a run was made twice";

  std::filesystem::create_directories(alone);
  for (const size_t index : {1, 2}) {
    const TrainConfig& run = plan.steps[index].config;
    ASSERT_TRUE(RunOrRead(run, alone, {.clock = SecondsNow}).ok());
    EXPECT_EQ(Result(shared + "/runs", run), Result(alone, run));
  }
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == std::string("--work")) return sid::TakePart(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
