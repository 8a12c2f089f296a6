#include <gtest/gtest.h>
#include <time.h>

#include "bench/environment/environment.h"

namespace sid {
namespace {

TEST(ParseProcessorSeconds, ReadsTheSumOverAllProcessors) {
  const auto seconds = ParseProcessorSeconds("cpu  100 200 300 4 5 600 700 250 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n", 100);
  EXPECT_EQ(seconds.stolen, 2.5);
  EXPECT_EQ(seconds.computed, 19) << "all but idle, waiting and stolen; guests are in user's";
}

TEST(ParseProcessorSeconds, IsNothingWhereItIsNotTold) {
  for (const std::string text : {"", "cpu  1 2 3\n", "intr 1 2 3 4 5 6 7 8 9 10\n"}) {
    EXPECT_EQ(ParseProcessorSeconds(text, 100).stolen, 0) << text;
    EXPECT_EQ(ParseProcessorSeconds(text, 100).computed, 0) << text;
  }
}

TEST(Disturbance, NamesWhatHappened) {
  const MachineState quiet{.stolen = 10, .preemptions = 100};
  EXPECT_EQ(Disturbance(quiet, quiet, 0.2, 2), "");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 103}, 0.2, 2), "") << "an idle machine does that";
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10.01, .preemptions = 100}, 0.2, 2), "stolen time");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10.01, .preemptions = 100}, 1, 2), "") << "less than 2 %";
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 150}, 0.2, 2), "preemptions");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 150}, 0.2, 16), "");
  EXPECT_EQ(Disturbance(quiet, {.stolen = 10, .preemptions = 100, .gpu_clock = 0.7}, 0.2, 2), "GPU clock");
}

// A limit of power holds it at 60 % of its maximum: that is how it is, and no disturbance. A third less than usual is one.
TEST(ClockUnderLoad, IsWhatTheGpuHoldsAndNotItsMaximum) {
  ClockUnderLoad held;
  const auto disturbed = [&](double clock) {
    const GpuMonitor gpu{.mhz = [clock] { return clock; }};
    MachineState state = ReadMachineState(&gpu);
    state.gpu_clock = held.Share(state.gpu_mhz);
    return Disturbance(state, state, 0.2, 2);
  };
  for (const double clock : {1200, 1185, 1215, 1200}) EXPECT_EQ(disturbed(clock), "") << clock;
  EXPECT_EQ(disturbed(800), "GPU clock");
  EXPECT_EQ(disturbed(1200), "");
  EXPECT_EQ(held.Share(0), 1);
}

// What this process computes itself is taken away once: a busy machine adds to it, a kernel that stops its clock tick on a busy core
// counts none of it, and ticks of 10 ms round.
TEST(ReadMachineState, OthersAreNotThisProcess) {
  const MachineState before = ReadMachineState(nullptr);
  timespec start{}, now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_sec - start.tv_sec + 1e-9 * (now.tv_nsec - start.tv_nsec) < 0.2);
  const double others = ReadMachineState(nullptr).others - before.others;
  EXPECT_GE(others, -0.3);
}

// The kernel's file was read as empty once, and every machine looked idle.
TEST(ReadMachineState, SeesThatTheMachineHasWorkedBefore) { EXPECT_GT(ReadMachineState(nullptr).others, 1); }

TEST(ReadMachineState, CountersOnlyGrow) {
  const MachineState first = ReadMachineState(nullptr), second = ReadMachineState(nullptr);
  EXPECT_GE(second.stolen, first.stolen);
  EXPECT_GE(second.preemptions, first.preemptions);
  EXPECT_EQ(first.gpu_clock, 1);
}

}  // namespace
}  // namespace sid
