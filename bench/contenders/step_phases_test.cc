// The phases that learners mark: all of a step, nothing twice, and under the names that the results' readers know.

#include <gtest/gtest.h>
#include <time.h>

#include <set>

#include "baselines/learners.h"
#include "bench/contenders/contender.h"
#include "bench/statistics/statistics.h"
#include "bench/timing/phase_timers.h"

namespace sid {
namespace {

// Seconds that this thread computed: it does not advance while others have the processor, so a busy machine changes nothing.
// Tests run LibTorch on one thread, this one.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// SID's executors, and every other learner.
std::vector<Contender> AllContenders() {
  std::vector<Contender> contenders = {{.learner = "sid", .executor = "serial", .batch = 64},
                                       {.learner = "sid", .executor = "batched", .batch = 64},
                                       {.learner = "sid", .executor = "batched", .chunk = 2, .batch = 64}};
  for (const LearnerKind& kind : LearnerKinds()) {
    const std::string network = kind.reversible ? "revnet18" : "simple-cnn";  // of which the former is far larger
    if (kind.name != "sid")
      contenders.push_back({.learner = kind.name, .network = network, .batch = kind.reversible ? 4 : 64});
  }
  return contenders;
}

std::vector<PhaseTime> PhasesOfAStep(Learner& learner, const Batch& batch, RecordingTimer& timer) {
  {
    const ScopedPhase step(timer, "step");
    learner.Step(batch, 1e-3, timer);
  }
  return timer.Take();
}

TEST(StepPhases, AddUpToTheStep) {
  const Problem problem{.side = 16};
  for (const Contender& contender : AllContenders()) {
    const auto learner = MakeContender(contender, problem, at::kCPU).value();
    const Batch batch = MakeBatch(contender, problem, at::kCPU);
    const auto timer = MakeTimer(at::kCPU, ThreadSeconds);
    std::vector<double> shares;
    for (int step = 0; step < 11; ++step) {
      double sum = 0;
      const std::vector<PhaseTime> phases = PhasesOfAStep(*learner, batch, *timer);
      for (const PhaseTime& phase : phases) sum += phase.level == 1 ? phase.seconds : 0;
      shares.push_back(sum / phases[0].seconds);
    }
    EXPECT_GT(Median(shares), 0.97) << Label(contender);
    EXPECT_LE(Median(shares), 1) << Label(contender);
  }
}

// Where modules own blocks, a stage is a phase around those of its parts.
TEST(StepPhases, StagesHaveOneEach) {
  const Problem problem{.classes = 3, .side = 8, .features = 4, .hidden = 5};
  const Contender contender{.partition = "even", .depth = 3, .batch = 8};
  const auto learner = MakeContender(contender, problem, at::kCPU).value();
  const auto timer = MakeTimer(at::kCPU, ThreadSeconds);
  std::vector<int64_t> stages;
  for (const PhaseTime& phase : PhasesOfAStep(*learner, MakeBatch(contender, problem, at::kCPU), *timer)) {
    if (phase.phase == "stage") stages.push_back(phase.module);
    EXPECT_EQ(phase.level, phase.phase == "step" ? 0 : phase.phase == "stage" ? 1 : 2) << phase.phase;
  }
  EXPECT_EQ(stages, (std::vector<int64_t>{0, 1, 2}));
}

TEST(StepPhases, HaveTheirNames) {
  const std::set<std::string> sid = {"step",         "extractor forward",  "teachers",
                                     "local update", "extractor backward", "optimizer"};
  const std::set<std::string> backpropagation = {"step", "forward", "backward", "optimizer"};
  const Problem problem{.classes = 3, .side = 8, .features = 4, .hidden = 5};
  for (const Contender& contender : AllContenders()) {
    const auto learner = MakeContender(contender, problem, at::kCPU).value();
    const auto timer = MakeTimer(at::kCPU, ThreadSeconds);
    std::set<std::string> names;
    std::vector<int64_t> modules;
    for (const PhaseTime& phase : PhasesOfAStep(*learner, MakeBatch(contender, problem, at::kCPU), *timer)) {
      names.insert(phase.phase);
      if (phase.module >= 0) modules.push_back(phase.module);
    }
    EXPECT_EQ(names, FindLearner(contender.learner)->local_losses ? sid : backpropagation) << Label(contender);
    EXPECT_EQ(modules, contender.executor == "serial" ? (std::vector<int64_t>{0, 1, 2, 3}) : std::vector<int64_t>{})
        << Label(contender);
  }
}

}  // namespace
}  // namespace sid
