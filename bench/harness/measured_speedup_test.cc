// The measured speedups, the one test of the tree that asserts times: of the batched executor over the serial one, and of SID over
// backpropagation, on the cascade alone.
//
//   passes   the 95 % interval of the ratio of interleaved pairs lies above the bound
//   fails    it lies below
//   skipped  it contains the bound, or the machine was too busy to say: never passed

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "absl/strings/str_format.h"
#include "base/machine/device.h"
#include "base/machine/process.h"
#include "bench/environment/environment.h"
#include "bench/harness/harness.h"
#include "bench/statistics/statistics.h"

namespace sid {
namespace {

constexpr double kOthers = 0.1;  // processors that others may use meanwhile
constexpr size_t kPairs = 10;    // undisturbed

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Measured {
  Pairs pairs;
  Summary ratio;
  double others = 0;  // processors that other processes used meanwhile
};

// How many times faster `of` is than `over`.
Measured Measure(const Contender& of, const Contender& over, at::Device device) {
  const auto gpu = OpenGpuMonitor(device);
  const Harness harness{.problem = {.extractor = false},
                        .device = device,
                        .options = {.samples = 25, .sample_seconds = 0.05},
                        .clock = WallSeconds,
                        .gpu = gpu.get()};
  const MachineState before = ReadMachineState(gpu.get());
  const double begin = WallSeconds();
  const auto measured = Measure(harness, {over, of}).value();
  Measured result{.pairs = PairsOf(measured[0].latency, measured[1].latency)};
  result.ratio = SummariseRatios(result.pairs.first, result.pairs.second);
  result.others = (ReadMachineState(gpu.get()).others - before.others) / (WallSeconds() - begin);
  return result;
}

void ExpectFaster(const Contender& of, const Contender& over, double bound) {
  const auto [pairs, ratio, others] = Measure(of, over, ParseDevice("auto").value());
  const std::string figure = absl::StrFormat("%s over %s: %.3f in [%.3f, %.3f], %d pairs", Label(of), Label(over),
                                             ratio.median, ratio.interval.low, ratio.interval.high, ratio.samples);
  testing::Test::RecordProperty("speedup", figure);
  std::cout << figure << std::endl;
  if (others > kOthers) GTEST_SKIP() << "other processes used " << others << " processors meanwhile";
  if (!pairs.trusted || pairs.first.size() < kPairs) {
    GTEST_SKIP() << pairs.first.size() << " pairs, or fewer, were undisturbed";
  }
  if (ratio.interval.low <= bound && ratio.interval.high >= bound) {
    GTEST_SKIP() << "the interval contains the bound " << bound << ": " << figure;
  }
  EXPECT_GT(ratio.interval.low, bound) << figure;
}

// As //:bench and training have it: a baseline that subnormal numbers slow down would flatter SID.
class MeasuredSpeedup : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(SetUpProcess().ok()); }
};

// Below 1.1 times an executor would not be worth its code.
TEST_F(MeasuredSpeedup, TheBatchedExecutorBeatsTheSerialOne) {
  ExpectFaster({.executor = "batched", .depth = 16}, {.executor = "serial", .depth = 16}, 1.1);
}

// On a GPU each learner's chains are kernels, and the steps captured; SID has one chain and backpropagation two. One CPU thread allows 1.1
// (docs/benchmarks.md). 1 or less would be no advantage.
TEST_F(MeasuredSpeedup, SidBeatsBackpropagationThroughTheChain) {
  const bool gpu = ParseDevice("auto").value().is_cuda();
  ExpectFaster({.executor = gpu ? "cuda" : "batched", .captured = gpu, .depth = 16},
               {.learner = "bp-chain", .captured = gpu, .depth = 16}, 1.0);
}

}  // namespace
}  // namespace sid
