// The measured speedup, the one test of the tree that asserts a time: on one machine the batched executor is faster than the
// serial one, by more than the bound, on the cascade alone.
//
//   passes   the 95 % interval of the ratio of interleaved pairs lies above the bound
//   fails    it lies below
//   skipped  it contains the bound, or the machine was too busy to say: never passed

#include <gtest/gtest.h>

#include <chrono>

#include "base/machine/device.h"
#include "bench/environment/disturbance.h"
#include "bench/harness/harness.h"
#include "bench/statistics/statistics.h"

namespace sid {
namespace {

constexpr double kBound = 1.1;   // below, an executor would not be worth its code
constexpr double kOthers = 0.1;  // processors that others may use meanwhile
constexpr size_t kPairs = 10;    // undisturbed

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TEST(MeasuredSpeedup, TheBatchedExecutorBeatsTheSerialOne) {
  const at::Device device = ParseDevice("auto").value();
  const auto gpu = GpuMonitor::Open(device);
  const Harness harness{.problem = {.extractor = false},
                        .device = device,
                        .options = {.samples = 25, .sample_seconds = 0.05},
                        .clock = WallSeconds,
                        .gpu = gpu.get()};
  const MachineState before = ReadMachineState(gpu.get());
  const double begin = WallSeconds();
  const auto measured =
      Measure(harness, {{.executor = "serial", .depth = 16}, {.executor = "batched", .depth = 16}}).value();
  const Pairs pairs = PairsOf(measured[0].latency, measured[1].latency);
  const Summary ratio = SummariseRatios(pairs.first, pairs.second, /*seed=*/1);
  const std::string figure =
      testing::PrintToString(ratio.median) + " in [" + testing::PrintToString(ratio.interval.low) + ", " +
      testing::PrintToString(ratio.interval.high) + "], " + std::to_string(ratio.samples) + " pairs";
  RecordProperty("speedup", figure);
  std::cout << "serial / batched: " << figure << std::endl;
  const double others = (ReadMachineState(gpu.get()).others - before.others) / (WallSeconds() - begin);
  if (others > kOthers) GTEST_SKIP() << "other processes used " << others << " processors meanwhile";
  if (!pairs.trusted || pairs.first.size() < kPairs) {
    GTEST_SKIP() << pairs.first.size() << " pairs, or fewer, of " << measured[0].latency.size() << " were undisturbed";
  }
  if (ratio.interval.low <= kBound && ratio.interval.high >= kBound) {
    GTEST_SKIP() << "the interval contains the bound " << kBound << ": " << figure;
  }
  EXPECT_GT(ratio.interval.low, kBound) << figure;
}

}  // namespace
}  // namespace sid
