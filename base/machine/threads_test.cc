#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "base/machine/no_threads_for_tests.h"
#include "base/machine/process.h"

namespace sid {
namespace {

TEST(RunOnThreads, RunsOnAllAtOnceAndWaits) {
  for (const int64_t threads : {1, 2, 7}) {
    std::atomic<int64_t> runs = 0;
    RunOnThreads(threads, [&runs] { ++runs; });
    EXPECT_EQ(runs, threads);
  }
  std::atomic<int64_t> runs = 0;
  RunOnThreads(0, [&runs] { ++runs; });
  EXPECT_GE(runs, 1);
}

TEST(StartableThreads, AreAllWhereNothingLimitsThem) {
  EXPECT_EQ(StartableThreads(0), 0);
  EXPECT_EQ(StartableThreads(40), 40);
}

TEST(ThreadsDeathTest, WhereNoneCanBeStartedThisOneDoesAll) {
  const auto work = [] {
    LetNoThreadStart();
    int64_t runs = 0;
    RunOnThreads(4, [&runs] { ++runs; });
    _exit(StartableThreads(3) == 0 && runs == 1 ? 7 : 1);
  };
  EXPECT_EXIT(work(), testing::ExitedWithCode(7), "works on 1 of 4 threads");
}

}  // namespace
}  // namespace sid
