#include "base/machine/process.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <iostream>
#include <thread>

#include "base/machine/no_threads_for_tests.h"

namespace sid {
namespace {

TEST(SetUpProcess, MakesWhatIsTooSmallZeroInEveryThread) {
  const at::Tensor small = at::full({1 << 20}, 2e-38F);
  EXPECT_GT((small * 0.1F).max().item<float>(), 0);
  // Its workers are new, and have the mode of the thread that starts them.
  std::thread([&] {
    ASSERT_TRUE(SetUpProcess(/*threads=*/2).ok());
    EXPECT_EQ((small * 0.1F).max().item<float>(), 0);
    EXPECT_GT((small * 2).min().item<float>(), 0) << "normal numbers stay";
    EXPECT_EQ(at::get_num_threads(), 2);
  }).join();
}

// Without a word LibTorch would wait for its threads for ever.
TEST(SetUpProcessDeathTest, ThreadsThatTheSystemDoesNotStartAreAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a forked child would have LibTorch's pools without their threads
  const auto ask = [](int64_t threads) {
    if (threads == 0) at::set_num_threads(3);
    LetNoThreadStart();
    const absl::Status status = SetUpProcess(threads);
    std::cerr << status << ", " << at::get_num_threads() << " threads";
    _exit(status.ok() ? 0 : 7);
  };
  EXPECT_EXIT(ask(16), testing::ExitedWithCode(7),
              "cannot compute on 16 threads: the system starts 0 of the 30 .*--threads=1 can");
  EXPECT_EXIT(ask(1), testing::ExitedWithCode(0), "OK, 1 threads");
  EXPECT_EXIT(ask(0), testing::ExitedWithCode(0), "computes on 1 of 3 threads");
}

}  // namespace
}  // namespace sid
