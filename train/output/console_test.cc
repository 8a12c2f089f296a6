#include "train/output/console.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

namespace sid {
namespace {

const TrainingProgress kProgress{.epoch = 2,
                                 .epochs = 5,
                                 .step = 30,
                                 .steps = 60,
                                 .loss = 0.12345,
                                 .accuracy = 0.975,
                                 .images_per_second = 1234,
                                 .seconds_left = 65,
                                 .best_epoch = 1};

TEST(Console, OnATerminalTheLiveLineIsRedrawnAndFitsTheWidth) {
  std::ostringstream out;
  Console console(
      out, [] { return 0.0; }, /*columns=*/40);
  console.Progress(kProgress);
  EXPECT_EQ(out.str(), "\r\x1b[Kepoch 2/5, best 1 [##..] 30/60 loss 0.1");
}

TEST(Console, TheBarLeavesRoomForTheTextOnAnOrdinaryTerminal) {
  std::ostringstream out;
  Console console(
      out, [] { return 0.0; }, /*columns=*/80);
  console.Progress(kProgress);
  EXPECT_EQ(out.str(), "\r\x1b[Kepoch 2/5, best 1 [####...] 30/60 loss 0.1235, 97.5 %, 1234 images/s, 1:05 left");
}

TEST(Console, ElsewhereItComesRarelyAndStays) {
  std::ostringstream out;
  double now = 0;
  Console console(
      out, [&] { return now; }, /*columns=*/0);
  console.Progress(kProgress);
  EXPECT_EQ(out.str(), "");
  now = 11;
  console.Progress(kProgress);
  EXPECT_EQ(out.str(),
            "epoch 2/5, best 1 [##########..........] 30/60 loss 0.1235, 97.5 %, 1234 images/s, 1:05 left\n");
}

TEST(Console, DrawsTheDepthsOnATerminalOnly) {
  const TrainingResult result{.best_epoch = 1, .test = {{0.5, 0.75}, {1.25, 0.5}, {1, 0.25}}};
  for (const int columns : {0, 80}) {
    std::ostringstream out;
    Console console(
        out, [] { return 0.0; }, columns);
    console.End(result);
    EXPECT_EQ(out.str().find("75.00 % |  ") != std::string::npos, columns > 0) << out.str();
  }
}

TEST(DepthTable, ShowsADashWhereADepthHasNoLoss) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(DepthTable({{0.5, 0.75}, {1.25, 0.5}, {none, 0.25}}),
            "  depth  accuracy  divergence      loss\n"
            "      1   50.00 %      1.2500         -\n"
            "      2   75.00 %      0.5000    0.2500\n");
}

}  // namespace
}  // namespace sid
