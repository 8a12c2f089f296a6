#include "bench/harness/harness.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/harness/competitor.h"
#include "bench/statistics/statistics.h"

namespace sid {
namespace {

const Problem kSmall{.classes = 3, .side = 8, .features = 4, .hidden = 5};

// Time passes by looking at it: what takes long is what looks often.
class HarnessTest : public testing::Test {
 protected:
  Harness MakeHarness() {
    return {.problem = kSmall,
            .options = {.samples = 6, .sample_seconds = 1, .most_warm_up = 20},
            .clock = [this] { return now_ += 0.25; },
            .on_pass = [this](std::string_view pass) { passes_ += std::string(pass) + " "; }};
  }

  double now_ = 0;
  std::string passes_;
};

TEST_F(HarnessTest, RunsEveryPassForEveryContender) {
  const std::vector<Contender> contenders = {{.executor = "serial", .depth = 3, .batch = 4},
                                             {.learner = "bp-chain", .depth = 3, .batch = 4}};
  const std::vector<Measurement> measured = Measure(MakeHarness(), contenders).value();
  ASSERT_EQ(measured.size(), 2u);
  EXPECT_EQ(passes_, "warm-up latency profile memory ");
  EXPECT_EQ(measured[0].latency.size(), measured[1].latency.size()) << "rounds have one sample of each";
  for (const Measurement& measurement : measured) {
    EXPECT_TRUE(measurement.stationary);
    EXPECT_GE(measurement.latency.size(), 6u);
    EXPECT_GT(measurement.memory.above_bytes, 0);
    // This clock advances by 1/4 each time it is read, twice a sample; the sample has 1 / (1/4) = 4 steps.
    EXPECT_DOUBLE_EQ(measurement.latency[0].seconds, 0.25 / 4);
  }
}

TEST_F(HarnessTest, PhasesOfModulesAddUpToTheWholePhase) {
  const auto measured = Measure(MakeHarness(), {{.executor = "serial", .depth = 3, .batch = 4}}).value();
  double whole = 0, parts = 0;
  int modules = 0;
  for (const PhaseSamples& phase : measured[0].phases) {
    if (phase.phase != "local update") continue;
    const double sum = std::accumulate(phase.seconds.begin(), phase.seconds.end(), 0.0);
    (phase.module < 0 ? whole : parts) += sum;
    modules += phase.module >= 0 ? 1 : 0;
  }
  EXPECT_EQ(modules, 3);
  EXPECT_GT(whole, 0);
  EXPECT_DOUBLE_EQ(whole, parts);
}

TEST_F(HarnessTest, ABusyMachineDoesNotMakeItEndless) {
  Harness harness = MakeHarness();
  harness.options.samples = 1000;
  harness.options.most_seconds = 5;  // of a clock that a sample moves by 1/2 or more
  const auto measured = Measure(harness, {{.executor = "batched", .depth = 2, .batch = 4}}).value();
  EXPECT_GE(measured[0].latency.size(), 5u);
  EXPECT_LE(measured[0].latency.size(), 11u);
}

// The learner's step is replayed, with a learning rate that lies on the device.
TEST_F(HarnessTest, CapturedAndPlainStepsOnAGpuAreOfOneRun) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  Harness harness = MakeHarness();
  harness.device = at::Device(at::kCUDA, 0);
  harness.problem = {};  // a step of some milliseconds
  std::vector<Contender> contenders;
  for (const std::string learner : {"sid", "bp-chain", "bp-deep", "bp-head", "bp-chain-checkpoint"}) {
    for (const bool captured : {false, true}) {
      contenders.push_back({.learner = learner, .captured = captured});
    }
  }
  const std::vector<Measurement> measured = Measure(harness, contenders).value();
  for (const Measurement& measurement : measured) {
    EXPECT_GE(measurement.latency.size(), 6u) << Label(measurement.contender);
    ASSERT_FALSE(measurement.phases.empty()) << Label(measurement.contender);
    if (!measurement.contender.captured) continue;
    // The replay's phases are all of it: the graph's events follow one another without a gap.
    const double step = Median(measurement.phases[0].seconds);
    double sum = 0;
    for (const PhaseSamples& phase : measurement.phases) {
      if (phase.phase != "step" && phase.module < 0) sum += Median(phase.seconds);
    }
    EXPECT_NEAR(sum, step, 0.03 * step) << Label(measurement.contender);
  }
}

TEST_F(HarnessTest, AnUnknownLearnerIsAnError) {
  const auto measured = Measure(MakeHarness(), {{.learner = "bpchain"}});
  EXPECT_NE(measured.status().message().find("did you mean 'bp-chain'"), absl::string_view::npos) << measured.status();
}

// Two workers of `first` and `second` seconds, of whom the first may be three steps ahead; a drain brings a state home besides.
class SimulatedPipeline : public Pipeline {
 public:
  SimulatedPipeline(double first, double second) : first_(first), second_(second) {}
  std::vector<at::Tensor> Begin(const Batch&, double) override {
    now_ += first_;
    ends_.push_back(std::max(now_, ends_.empty() ? 0 : ends_.back()) + second_);
    if (ends_.size() > 3) now_ = std::max(now_, ends_[ends_.size() - 4]);
    return {};
  }
  std::vector<at::Tensor> Drain() override {
    now_ = ends_.back() + 0.5;
    return {};
  }
  void TakeState() override {}
  double now() const { return now_; }

 private:
  double first_, second_, now_ = 0;
  std::vector<double> ends_;
};

// Whoever of the two is slower, and before the faster one has run as far ahead as it may.
TEST(SteadySeconds, IsTheSlowestWorkersStep) {
  for (const auto& [first, second] : {std::pair(2.0, 3.0), {2.75, 3.0}, {3.0, 2.0}, {3.0, 3.0}}) {
    for (const int64_t steps : {1, 4, 30}) {
      SimulatedPipeline pipeline(first, second);
      EXPECT_DOUBLE_EQ(SteadySeconds(pipeline, {}, steps, [&] { return pipeline.now(); }), 3) << first << " " << steps;
    }
  }
}

TEST(PairsOf, LeavesOutRoundsInWhichEitherWasDisturbed) {
  std::vector<Sample> first, second;
  for (int round = 0; round < 8; ++round) {
    first.push_back({1.0 + round, round == 2 ? "stolen time" : ""});
    second.push_back({2.0, round == 5 ? "preemptions" : ""});
  }
  const Pairs pairs = PairsOf(first, second);
  EXPECT_TRUE(pairs.trusted);
  EXPECT_EQ(pairs.first, (std::vector<double>{1, 2, 4, 5, 7, 8}));
  EXPECT_EQ(pairs.second.size(), 6u);
}

TEST(PairsOf, WithTooFewLeftAllCountAndNoneIsTrusted) {
  std::vector<Sample> samples(7, {1.0, "preemptions"});
  for (int round = 0; round < 4; ++round) samples[round].disturbance = "";
  EXPECT_EQ(PairsOf(samples, samples).first.size(), 7u);
  EXPECT_FALSE(PairsOf(samples, samples).trusted);
  samples[4].disturbance = "";
  EXPECT_EQ(PairsOf(samples, samples).first.size(), 5u);
  EXPECT_TRUE(PairsOf(samples, samples).trusted);
}

}  // namespace
}  // namespace sid
