#include "train/failure.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace sid {
namespace {

// A GPU that is not there: what it is called stays as it is.
TrainConfig Config() {
  TrainConfig config;
  config.device = "cuda:77";
  config.batch_size = 128;
  config.depth = 64;
  return config;
}

const std::runtime_error kNoMemory("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported");

TEST(DescribeFailure, OutOfMemoryNamesWhatToTry) {
  TrainConfig config = Config();
  EXPECT_EQ(DescribeFailure(kNoMemory, config),
            "out of memory on cuda:77 with --batch_size=128 and --depth=64: try --batch_size=64, or --depth=32, or "
            "--chunk=32, which keeps both");
  config.out = "runs/a";
  config.executor = "serial";
  EXPECT_EQ(
      DescribeFailure(kNoMemory, config),
      "out of memory on cuda:77 with --batch_size=128 and --depth=64: try --batch_size=64, or --depth=32, in a new "
      "--out");
  config.batch_size = 1;
  EXPECT_EQ(DescribeFailure(kNoMemory, config),
            "out of memory on cuda:77 with --batch_size=1 and --depth=64: try --depth=32, in a new --out");
  config.depth = 1;
  EXPECT_EQ(DescribeFailure(kNoMemory, config), "out of memory on cuda:77 with --batch_size=1 and --depth=1");
}

TEST(DescribeFailure, NamesTheDeviceThatAutoStandsForAndWhoseMemoryItIs) {
  TrainConfig config = Config();
  EXPECT_TRUE(DescribeFailure(std::bad_alloc(), config).starts_with("out of memory on cpu with"));
  config.device = "auto";
  const std::string text = DescribeFailure(kNoMemory, config);
  EXPECT_TRUE(text.starts_with("out of memory on cpu with") || text.starts_with("out of memory on cuda:0 with"))
      << text;
}

TEST(DescribeFailure, ALostGpuIsOneLineWithTheWayOn) {
  const std::runtime_error lost("CUDA error: device lost\nCUDA kernel errors might be asynchronously reported");
  TrainConfig config = Config();
  const std::string line = "cuda:77: the GPU failed: CUDA error: device lost; nvidia-smi shows whether it is lost";
  EXPECT_EQ(DescribeFailure(lost, config), line);
  config.out = "runs/a";
  EXPECT_EQ(DescribeFailure(lost, config), line + "; --resume goes on from the last checkpoint");
}

TEST(DescribeFailure, OfAnythingElseTheFirstLineIsTold) {
  EXPECT_EQ(DescribeFailure(std::runtime_error("what\nwhere"), Config()), "what");
}

}  // namespace
}  // namespace sid
