#include "bench/timing/phase_timers.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

// A clock that the test moves.
class PhaseTimersTest : public testing::Test {
 protected:
  double now_ = 100;
  std::unique_ptr<RecordingTimer> timer_ = MakeTimer(at::kCPU, [this] { return now_; });
};

TEST_F(PhaseTimersTest, PhasesNestAndTimeOnlyWhatIsInside) {
  now_ += 16;  // outside
  {
    const ScopedPhase step(*timer_, "step");
    now_ += 1;
    {
      const ScopedPhase phase(*timer_, "teachers");
      now_ += 2;
    }
    {
      const ScopedPhase phase(*timer_, "local update", 3);
      now_ += 4;
    }
  }
  now_ += 8;  // outside
  const std::vector<PhaseTime> phases = timer_->Take();
  ASSERT_EQ(phases.size(), 3u);
  EXPECT_EQ(phases[0].phase, "step");
  EXPECT_EQ(phases[0].level, 0);
  EXPECT_EQ(phases[0].seconds, 7);
  EXPECT_EQ(phases[1].phase, "teachers");
  EXPECT_EQ(phases[1].module, -1);
  EXPECT_EQ(phases[1].level, 1);
  EXPECT_EQ(phases[1].seconds, 2);
  EXPECT_EQ(phases[2].module, 3);
  EXPECT_EQ(phases[2].seconds, 4);
}

TEST_F(PhaseTimersTest, TakeBeginsAnew) {
  { const ScopedPhase phase(*timer_, "first"); }
  EXPECT_EQ(timer_->Take().size(), 1u);
  EXPECT_TRUE(timer_->Take().empty());
  {
    const ScopedPhase phase(*timer_, "second");
    now_ += 5;
  }
  const std::vector<PhaseTime> phases = timer_->Take();
  ASSERT_EQ(phases.size(), 1u);
  EXPECT_EQ(phases[0].phase, "second");
  EXPECT_EQ(phases[0].level, 0);
  EXPECT_EQ(phases[0].seconds, 5);
}

// As a graph's replay does it: the marks stay, their times change.
TEST_F(PhaseTimersTest, ReadKeepsTheMarksAndReadsTheClockAnew) {
  class Replayed : public RecordingTimer {
   public:
    double seconds = 1;

   private:
    void Start(size_t) override {}
    void Stop(size_t) override {}
    double Seconds(size_t) override { return seconds; }
  };
  Replayed timer;
  { const ScopedPhase phase(timer, "step"); }
  EXPECT_EQ(timer.Read()[0].seconds, 1);
  timer.seconds = 2;
  EXPECT_EQ(timer.Read()[0].seconds, 2);
  EXPECT_EQ(timer.Take().size(), 1u);
  EXPECT_TRUE(timer.Read().empty());
}

TEST_F(PhaseTimersTest, PhasesThatDoNotMatchAreABug) {
  EXPECT_DEATH(timer_->End(), "never began");
  timer_->Begin("open", -1);
  EXPECT_DEATH(timer_->Take(), "'open' has not ended");
}

}  // namespace
}  // namespace sid
