#include "bench/timing/cuda_timers.h"

#include <ATen/Context.h>
#include <ATen/cuda/Sleep.h>
#include <c10/cuda/CUDAFunctions.h>
#include <gtest/gtest.h>

#include <chrono>

namespace sid {
namespace {

constexpr int64_t kLong = 40'000'000;  // cycles: some 20 to 30 ms at 1.4 to 2 GHz

// A kernel that only waits, between two synchronisations: host seconds, which hold the launch too.
double HostSeconds() {
  c10::cuda::device_synchronize();
  const auto begin = std::chrono::steady_clock::now();
  at::cuda::sleep(kLong);
  c10::cuda::device_synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

class CudaEventTimerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
    at::globalContext().lazyInitDevice(at::kCUDA);
    timer_ = MakeCudaEventTimer(at::Device(at::kCUDA, 0));
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

TEST(NvtxTimer, WithoutAProfilerDoesNothing) {
  const auto timer = MakeNvtxTimer();
  const ScopedPhase outer(*timer, "step");
  const ScopedPhase inner(*timer, "local update", 2);
}

}  // namespace
}  // namespace sid
