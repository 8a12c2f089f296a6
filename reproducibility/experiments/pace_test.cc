#include "reproducibility/experiments/pace.h"

#include <gtest/gtest.h>

#include "reproducibility/experiments/settings.h"

namespace sid {
namespace {

TrainConfig RunOf(const std::string& learner) {
  TrainConfig run{.learner = learner, .dataset = "cifar10", .depth = 5};
  run.epochs = 10;
  return run;
}

double Estimate() { return 60 * EstimatedMinutes(RunOf("sid"), 500); }

TEST(Pace, BeforeAnyRunItGoesByTheEstimate) {
  const Pace pace(2000);
  EXPECT_TRUE(pace.Fits(RunOf("sid"), 2000 - 1.2 * Estimate()));
  EXPECT_FALSE(pace.Fits(RunOf("sid"), 2000 - 1.0 * Estimate()));
}

TEST(Pace, AGpuIsTakenToBeFaster) {
  TrainConfig run = RunOf("sid");
  run.device = "cuda";
  const Pace pace(0);
  EXPECT_TRUE(pace.Fits(run, -1.2 * Estimate() / 80));
  EXPECT_FALSE(pace.Fits(run, -Estimate() / 80));
}

TEST(Pace, AKindGoesByItsOwnRunsAndAnotherByAll) {
  Pace pace(0);
  pace.Took(RunOf("sid"), 0.05 * Estimate());
  pace.Took(RunOf("sid"), 0.15 * Estimate());
  pace.Took(RunOf("hsic"), 2 * Estimate());
  // 0.1, 2 and, of all, 2.2 / 3 times the estimate, and a slack of a tenth.
  EXPECT_TRUE(pace.Fits(RunOf("sid"), -0.12 * Estimate()));
  EXPECT_FALSE(pace.Fits(RunOf("sid"), -0.10 * Estimate()));
  EXPECT_TRUE(pace.Fits(RunOf("hsic"), -2.3 * Estimate()));
  EXPECT_FALSE(pace.Fits(RunOf("hsic"), -2.1 * Estimate()));
  EXPECT_TRUE(pace.Fits(RunOf("bp"), -0.85 * Estimate()));
  EXPECT_FALSE(pace.Fits(RunOf("bp"), -0.75 * Estimate()));
}

TEST(Pace, ALongerRunTakesLonger) {
  Pace pace(0);
  pace.Took(RunOf("sid"), Estimate());
  TrainConfig longer = RunOf("sid");
  longer.epochs *= 2;
  EXPECT_FALSE(pace.Fits(longer, -1.5 * Estimate()));
  EXPECT_TRUE(pace.Fits(RunOf("sid"), -1.5 * Estimate()));
}

}  // namespace
}  // namespace sid
