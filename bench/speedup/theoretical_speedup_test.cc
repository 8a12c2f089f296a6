// The paper's claim of a theoretical speedup of up to 2.4, on measured times: sum over modules / slowest module is at least that
// from four modules on, and grows with their number.
//
// Each module's time is the least of several steps on this thread's own clock, which stands while others have the processor:
// the verdict does not depend on how busy the machine is.

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "bench/contenders/contender.h"
#include "bench/speedup/model.h"
#include "bench/timing/phase_timers.h"

namespace sid {
namespace {

constexpr double kClaim = 2.4;
constexpr int kSteps = 12;

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::vector<double> ModuleSeconds(int64_t depth) {
  const Problem problem{.extractor = false};
  const Contender contender{.executor = "serial", .depth = depth};
  const auto learner = MakeContender(contender, problem, at::kCPU).value();
  const Batch batch = MakeBatch(contender, problem, at::kCPU);
  const auto timer = MakeTimer(at::kCPU, ThreadSeconds);
  std::vector<double> seconds(depth, std::numeric_limits<double>::infinity());
  for (int step = 0; step < kSteps; ++step) {
    learner->Step(batch, 1e-3, *timer);
    for (const PhaseTime& phase : timer->Take()) {
      if (phase.module >= 0) seconds[phase.module] = std::min(seconds[phase.module], phase.seconds);
    }
  }
  return seconds;
}

TEST(TheoreticalSpeedup, ReachesTheClaimFromFourModulesOnAndGrows) {
  double before = kClaim;
  for (const int64_t depth : {4, 8, 16}) {
    const double speedup = TheoreticalSpeedup(ModuleSeconds(depth));
    RecordProperty("depth " + std::to_string(depth), std::to_string(speedup));
    EXPECT_GE(speedup, before) << "depth " << depth;
    EXPECT_LE(speedup, static_cast<double>(depth));
    before = speedup;
  }
}

}  // namespace
}  // namespace sid
