#include "reproducibility/experiments/pace.h"

#include <gtest/gtest.h>

#include "base/command_line/program.h"

namespace sid {
namespace {

// 9,000 images trained on, and a third of 1,000 and of twice the test set's 10,000: 16,000 images.
TrainConfig RunOf(const std::string& learner) {
  TrainConfig run{.learner = learner, .dataset = "cifar10", .depth = 5};
  run.train_images = 1000;
  run.epochs = 10;
  return run;
}
constexpr double kImages = 9000 + (1000 + 20000) / 3.0;

double PerImage(const TrainConfig& run) { return run.learner == "sid" ? 1e-3 : 2e-3; }

TEST(Pace, BeforeAnyRunItGoesByTheFirstStepsOfItsKind) {
  Pace pace(PerImage, 100);
  EXPECT_NEAR(pace.Seconds(RunOf("sid")), 1e-3 * kImages, 1e-9);
  EXPECT_NEAR(pace.Seconds(RunOf("bp")), 2e-3 * kImages, 1e-9);
  TrainConfig longer = RunOf("sid");
  longer.epochs *= 2;
  EXPECT_NEAR(pace.Seconds(longer), 1e-3 * (2 * kImages - 20000 / 3.0), 1e-9);
  // A slack of a tenth.
  EXPECT_TRUE(pace.Fits(RunOf("sid"), 100 - 1.2e-3 * kImages));
  EXPECT_FALSE(pace.Fits(RunOf("sid"), 100 - 1.0e-3 * kImages));
}

TEST(Pace, EachKindIsMeasuredOnce) {
  int asked = 0;
  Pace pace([&](const TrainConfig&) { return ++asked; });
  TrainConfig deeper = RunOf("sid"), again = RunOf("sid");
  deeper.depth = 6;
  again.seed = 2;
  for (const TrainConfig& run : {RunOf("sid"), deeper, again}) pace.Seconds(run);
  EXPECT_EQ(asked, 2);
}

TEST(Pace, WithoutAnEndEveryRunFitsAndNoneIsMeasured) {
  int asked = 0;
  Pace pace([&](const TrainConfig&) { return ++asked; });
  EXPECT_TRUE(pace.Fits(RunOf("sid"), 1e9));
  EXPECT_EQ(asked, 0);
}

TEST(Pace, AKindGoesByItsOwnRunsAndAnotherByAll) {
  Pace pace(PerImage);
  pace.Took(RunOf("sid"), 3e-3 * kImages);
  EXPECT_NEAR(pace.Seconds(RunOf("sid")), 3e-3 * kImages, 1e-9);
  EXPECT_NEAR(pace.Seconds(RunOf("bp")), 3 * 2e-3 * kImages, 1e-9) << "three times as long as estimated";
  pace.Took(RunOf("bp"), 2e-3 * kImages);
  EXPECT_NEAR(pace.Seconds(RunOf("bp")), 2e-3 * kImages, 1e-9);
}

TEST(Pace, KindsThatWereAskedForTellForOthers) {
  Pace pace(PerImage);
  const TrainConfig sid = RunOf("sid"), bp = RunOf("bp");
  EXPECT_EQ(pace.SecondsOf({&sid, &bp}), 0) << "nothing is known";
  pace.Seconds(sid);
  EXPECT_NEAR(pace.SecondsOf({&sid, &bp}), 2 * 1e-3 * kImages, 1e-9);
}

TEST(SecondsPerImage, OfEveryShapeOfImagesByAClock) {
  for (const char* dataset : {"mnist-mini", "cifar100"}) {
    TrainConfig run = RunOf("sid");
    run.dataset = dataset;
    run.batch_size = 4;
    run.device = "cpu";
    EXPECT_GT(SecondsPerImage(run, SecondsNow), 0) << dataset;
  }
  EXPECT_EQ(SecondsPerImage(RunOf("no such learner"), SecondsNow), 0);
}

}  // namespace
}  // namespace sid
