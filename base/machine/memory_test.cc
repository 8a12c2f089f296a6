#include "base/machine/memory.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace sid {
namespace {

const at::Device kCpu = at::kCPU;

class CpuBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    CountCpuTensorBytes();
    ResetPeakTensorBytes(kCpu);
    before_ = LiveTensorBytes(kCpu);
  }
  int64_t Live() const { return LiveTensorBytes(kCpu) - before_; }
  int64_t Peak() const { return PeakTensorBytes(kCpu) - before_; }

  int64_t before_ = 0;
};

TEST_F(CpuBytesTest, CountsWhatWasAskedFor) {
  at::Tensor tensor = at::empty({3, 5}, at::kFloat);
  EXPECT_EQ(Live(), 3 * 5 * 4);
  const at::Tensor view = tensor.slice(0, 0, 2), empty = at::empty({0}, at::kFloat);
  EXPECT_EQ(Live(), 3 * 5 * 4) << "neither a view nor an empty tensor holds bytes";
  tensor = at::Tensor();
  EXPECT_EQ(Live(), 3 * 5 * 4) << "the view keeps the memory";
}

TEST_F(CpuBytesTest, ThePeakOutlivesTheTensors) {
  { const at::Tensor a = at::empty({1000}, at::kByte), b = at::empty({500}, at::kByte); }
  const at::Tensor c = at::empty({200}, at::kByte);
  EXPECT_EQ(Live(), 200);
  EXPECT_EQ(Peak(), 1500);
  ResetPeakTensorBytes(kCpu);
  EXPECT_EQ(Peak(), 200) << "a reset forgets what is gone, not what is there";
}

TEST_F(CpuBytesTest, IntermediatesOfAnExpressionAreSeen) {
  const at::Tensor x = at::ones({256}, at::kFloat);
  const at::Tensor y = (x + x) * x;  // x + x lives until the product exists
  EXPECT_EQ(Live(), 2 * 1024);
  EXPECT_EQ(Peak(), 3 * 1024);
}

TEST_F(CpuBytesTest, GrowingATensorKeepsItsValuesAndItsAlignment) {
  at::Tensor tensor = at::arange(4, at::kLong);
  tensor.resize_({4000});
  EXPECT_EQ(tensor[3].item<int64_t>(), 3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 64, 0u);
  EXPECT_EQ(Live(), 4000 * 8);
}

TEST_F(CpuBytesTest, ThreadsAddUp) {
  constexpr int kThreads = 4, kRounds = 2000, kBytes = 48;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (int round = 0; round < kRounds; ++round) at::empty({kBytes}, at::kByte);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Live(), 0);
  EXPECT_GE(Peak(), kBytes);
  EXPECT_LE(Peak(), kThreads * kBytes);
}

TEST(CudaBytes, AreTheCachingAllocators) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  const at::Device gpu(at::kCUDA, 0);
  const int64_t before = LiveTensorBytes(gpu);
  ResetPeakTensorBytes(gpu);
  {
    const at::Tensor tensor = at::zeros({1000}, at::TensorOptions(gpu).dtype(at::kByte));
    EXPECT_EQ(LiveTensorBytes(gpu) - before, 1000);
  }
  EXPECT_EQ(LiveTensorBytes(gpu), before);
  EXPECT_EQ(PeakTensorBytes(gpu) - before, 1000);
}

}  // namespace
}  // namespace sid
