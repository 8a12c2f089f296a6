// The measured speedup, the one test of the tree that asserts a time: on one machine the batched executor is faster than the
// serial one, by more than the bound, on the cascade alone.
//
//   passes   the 95 % interval of the ratio of interleaved pairs lies above the bound
//   fails    it lies below
//   skipped  it contains the bound, or the machine was too busy to say: never passed

#include <gtest/gtest.h>

#include <chrono>

#include "base/machine/device.h"
#include "bench/environment/environment.h"
#include "bench/harness/harness.h"
#include "bench/statistics/statistics.h"

namespace sid {
namespace {

constexpr double kBound = 1.1;  // a tenth of the code's gain would not be worth an executor

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TEST(MeasuredSpeedup, TheBatchedExecutorBeatsTheSerialOne) {
  const at::Device device = ParseDevice("auto").value();
  const auto gpu = GpuMonitor::Open(device);
  const std::vector<std::string> warnings = Warnings(gpu.get(), "");
  const Harness harness{.problem = {.extractor = false},
                        .device = device,
                        .options = {.samples = 25, .sample_seconds = 0.05},
                        .clock = WallSeconds,
                        .gpu = gpu.get()};
  const auto measured =
      Measure(harness, {{.executor = "serial", .depth = 16}, {.executor = "batched", .depth = 16}}).value();
  const Pairs pairs = PairsOf(measured[0].latency, measured[1].latency);
  const Summary ratio = SummariseRatios(pairs.first, pairs.second, /*seed=*/1);
  const std::string figure =
      testing::PrintToString(ratio.median) + " in [" + testing::PrintToString(ratio.interval.low) + ", " +
      testing::PrintToString(ratio.interval.high) + "], " + std::to_string(ratio.samples) + " pairs";
  RecordProperty("speedup", figure);
  std::cout << "serial / batched: " << figure << std::endl;
  if (!pairs.trusted) {
    GTEST_SKIP() << "fewer than five pairs of " << measured[0].latency.size() << " were undisturbed"
                 << (warnings.empty() ? "" : ": " + warnings[0]);
  }
  if (ratio.interval.low <= kBound && ratio.interval.high >= kBound) {
    GTEST_SKIP() << "the interval contains the bound " << kBound << ": " << figure;
  }
  EXPECT_GT(ratio.interval.low, kBound) << figure;
}

}  // namespace
}  // namespace sid
