#include "bench/environment/disturbance.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

TEST(StolenSeconds, IsTheEighthNumberOfTheSum) {
  EXPECT_EQ(StolenSeconds("cpu  1 2 3 4 5 6 7 250 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n", 100), 2.5);
  EXPECT_EQ(StolenSeconds("cpu  1 2 3\n", 100), 0) << "an old kernel";
  EXPECT_EQ(StolenSeconds("", 100), 0);
}

TEST(Disturbance, NamesWhatHappened) {
  const MachineState quiet{.stolen = 10, .preemptions = 100};
  EXPECT_EQ(Disturbance(quiet, quiet, 0.2, 2), "");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 103}, 0.2, 2), "") << "an idle machine does that";
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10.01, .preemptions = 100}, 0.2, 2), "stolen time");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10.01, .preemptions = 100}, 1, 2), "") << "less than 2 %";
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 120}, 0.2, 2), "preemptions");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 120}, 0.2, 16), "");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 100, .gpu_clock = 0.7}, 0.2, 2), "GPU clock");
}

TEST(ReadMachineState, CountersOnlyGrow) {
  const MachineState first = ReadMachineState(nullptr), second = ReadMachineState(nullptr);
  EXPECT_GE(second.stolen, first.stolen);
  EXPECT_GE(second.preemptions, first.preemptions);
  EXPECT_EQ(first.gpu_clock, 1);
}

}  // namespace
}  // namespace sid
