#include <ATen/Context.h>
#include <ATen/cuda/Sleep.h>
#include <c10/cuda/CUDAFunctions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/machine/cuda_graph.h"
#include "bench/timing/phase_timers.h"

namespace sid {
namespace {

constexpr int64_t kLong = 40'000'000;  // cycles: some 20 to 30 ms at 1.4 to 2 GHz

// A kernel that only waits, between two synchronisations: host seconds, which hold the launch too. The fastest of several: the clock rises
// with the first ones, and other processes may use the GPU.
double HostSeconds() {
  double fastest = std::numeric_limits<double>::infinity();
  for (int k = 0; k < 4; ++k) {
    c10::cuda::device_synchronize();
    const auto begin = std::chrono::steady_clock::now();
    at::cuda::sleep(kLong);
    c10::cuda::device_synchronize();
    fastest = std::min(fastest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return fastest;
}

class CudaEventTimerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
    at::globalContext().lazyInitDevice(at::kCUDA);
    timer_ = MakeTimer(at::Device(at::kCUDA, 0), {});
    HostSeconds();  // loads the kernel
  }
  std::unique_ptr<RecordingTimer> timer_;
};

TEST_F(CudaEventTimerTest, TimesTheKernelAndNotItsLaunch) {
  const double expected = HostSeconds();
  {
    const ScopedPhase phase(*timer_, "kernel");
    at::cuda::sleep(kLong);
  }
  EXPECT_NEAR(timer_->Take()[0].seconds, expected, 0.1 * expected);
}

TEST_F(CudaEventTimerTest, DoesNotTimeWhatLiesOutside) {
  at::cuda::sleep(kLong);  // still runs when the phase is marked
  { const ScopedPhase phase(*timer_, "empty"); }
  at::cuda::sleep(kLong);
  EXPECT_LT(timer_->Take()[0].seconds, 0.05 * HostSeconds());
}

TEST_F(CudaEventTimerTest, MarksWithoutWaiting) {
  const double kernel = HostSeconds();
  const auto begin = std::chrono::steady_clock::now();
  for (int k = 0; k < 5; ++k) {
    const ScopedPhase phase(*timer_, "kernel");
    at::cuda::sleep(kLong);
  }
  const double launched = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(launched, kernel);
  EXPECT_EQ(timer_->Take().size(), 5u);
}

// Each replay's own times, of kernels that differ, and all that lies between the first mark and the last.
TEST_F(CudaEventTimerTest, TimesTheReplaysOfAGraph) {
  const double kernel = HostSeconds();
  const auto graph = MakeCudaGraph(at::Device(at::kCUDA, 0));
  PhaseTimer untimed;
  for (int run = 0; run <= kWarmRuns; ++run) {
    PhaseTimer& marks = run < kWarmRuns ? untimed : *timer_;
    graph->Run([&] {
      const ScopedPhase step(marks, "step");
      for (const int64_t times : {1, 2}) {
        const ScopedPhase phase(marks, "kernel", times);
        at::cuda::sleep(times * kLong);
      }
    });
  }
  for (int replay = 0; replay < 2; ++replay) {
    const std::vector<PhaseTime> phases = timer_->Read();
    ASSERT_EQ(phases.size(), 3u);
    EXPECT_NEAR(phases[1].seconds, kernel, 0.1 * kernel);
    EXPECT_NEAR(phases[2].seconds, 2 * kernel, 0.2 * kernel);
    EXPECT_NEAR(phases[0].seconds, phases[1].seconds + phases[2].seconds, 0.03 * phases[0].seconds);
    graph->Run({});
  }
}

}  // namespace
}  // namespace sid
