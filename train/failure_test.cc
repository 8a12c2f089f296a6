#include "train/failure.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

TrainConfig Config() {
  TrainConfig config;
  config.device = "cuda:0";
  config.batch_size = 128;
  config.depth = 64;
  return config;
}

TEST(DescribeFailure, OutOfMemoryNamesWhatToTry) {
  const std::string expected =
      "out of memory on cuda:0 with --batch_size=128 and --depth=64: try --batch_size=64, or --depth=32, or "
      "--chunk=32, "
      "which keeps both";
  EXPECT_EQ(DescribeFailure(std::bad_alloc(), Config()), expected);
  try {
    C10_THROW_ERROR(OutOfMemoryError, "CUDA out of memory. Tried to allocate 2.00 GiB.");
  } catch (const std::exception& error) {
    EXPECT_EQ(DescribeFailure(error, Config()), expected);
  }
  TrainConfig smallest = Config();
  smallest.batch_size = smallest.depth = 1;
  EXPECT_EQ(DescribeFailure(std::bad_alloc(), smallest),
            "out of memory on cuda:0 with --batch_size=1 and --depth=1: try --batch_size=1, or --depth=1");
}

TEST(DescribeFailure, KnowsTheProcessorsAllocatorToo) {
  try {
    (void)at::empty({int64_t{1} << 60}, at::kByte);
    FAIL() << "an exbibyte was allocated";
  } catch (const std::exception& error) {
    EXPECT_TRUE(DescribeFailure(error, Config()).starts_with("out of memory on cuda:0")) << error.what();
  }
}

TEST(DescribeFailure, ALostGpuIsOneLineWithTheWayOn) {
  try {
    TORCH_CHECK(false, "CUDA error: device lost\nCUDA kernel errors might be asynchronously reported");
  } catch (const std::exception& error) {
    TrainConfig config = Config();
    config.out = "runs/a";
    const std::string text = DescribeFailure(error, config);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_NE(text.find("the GPU (cuda:0) failed: CUDA error: device lost"), std::string::npos) << text;
    EXPECT_NE(text.find("--resume goes on"), std::string::npos) << text;
  }
}

TEST(DescribeFailure, OfAnythingElseTheFirstLineIsTold) {
  EXPECT_EQ(DescribeFailure(std::runtime_error("what\nwhere"), Config()), "what");
}

}  // namespace
}  // namespace sid
