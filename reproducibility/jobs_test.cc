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
  return {.claims = "R5",
          .out = out,
          .device = "cpu",
          .threads = 1,
          .scale = Scale{.train_images = 100, .epochs = 1, .seeds = 1}};
}

// A byte for each run that it makes.
int TakePart(const std::string& out) {
  ReproduceHooks hooks{.clock = SecondsNow};
  hooks.on_progress = [&](const ReproduceProgress& run) {
    if (!run.kept) EXPECT_TRUE(AppendToFile(out + "/made", ".").ok());
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
  Plan plan = MakeAllWork(SelectClaims(TheRegistry(), "R5").value(), Request(shared)).value().front().plan;
  ASSERT_EQ(plan.runs.size(), 4u);
  for (const TrainConfig& run : plan.runs) EXPECT_TRUE(ReadResult(shared + "/runs", run).ok()) << ResultName(run);

  EXPECT_EQ(FileSize(shared + "/made").value(), 4) << "a run was made twice";

  plan.runs = {plan.runs[1], plan.runs[2]};
  ASSERT_TRUE(RunPlan(plan, alone, {.clock = SecondsNow}).ok());
  for (const TrainConfig& run : plan.runs) EXPECT_EQ(Result(shared + "/runs", run), Result(alone, run));
}

}  // namespace
}  // namespace sid

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == std::string("--work")) return sid::TakePart(argv[2]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
