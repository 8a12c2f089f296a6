#include "base/machine/process.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <iostream>
#include <thread>
#include <vector>

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

// In a process of its own: a thread takes the arena of one that has ended before.
TEST(SetUpProcessDeathTest, MemoryThatAThreadFreesStays) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto count_faults = [] {
    EXPECT_TRUE(SetUpProcess(/*threads=*/1).ok());
    std::thread([] {
      const auto faults = [] {
        rusage usage{};
        getrusage(RUSAGE_THREAD, &usage);
        return usage.ru_minflt;
      };
      // 128 MiB, which are 32,768 pages.
      const auto use = [] {
        std::vector<at::Tensor> used;
        for (int k = 0; k < 8; ++k) used.push_back(at::full({4 << 20}, 1.0F));
      };
      use();
      const auto before = faults();
      use();
      _exit(faults() - before < 1000 ? 0 : 7);
    }).join();
  };
  EXPECT_EXIT(count_faults(), testing::ExitedWithCode(0), "");
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
