// The speedup model against a discrete-event simulation, and what it promises, on random times.

#include "bench/speedup/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bench/speedup/simulation_for_tests.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 17;
constexpr Link kFree{.bytes_per_second = 1e30, .latency = 0};

struct Scenario {
  StepTimes times;
  int64_t devices = 1;
  Link link;
  Messages messages;
};

class SpeedupModelTest : public testing::Test {
 protected:
  double Uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  int64_t Whole(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

  // Messages from negligible to dominating, modules from equal to very different.
  Scenario Random() {
    Scenario scenario;
    const int64_t depth = Whole(1, 12);
    const double spread = Uniform(0, 1);
    for (int64_t i = 0; i < depth; ++i) {
      scenario.times.teachers.push_back(Uniform(0.1, 1));
      scenario.times.modules.push_back(1 + spread * Uniform(0, 10));
    }
    scenario.times.extractor_forward = Uniform(0, 5);
    scenario.times.gradient_sum = Uniform(0, 0.5);
    scenario.times.extractor_backward = Uniform(0, 5);
    scenario.times.extractor_optimizer = Uniform(0, 1);
    scenario.devices = Whole(1, depth);
    scenario.link = {.bytes_per_second = Uniform(0.2, 20), .latency = Uniform(0, 1)};
    scenario.messages = {.features_bytes = Uniform(0, 4), .belief_bytes = Uniform(0, 4)};
    return scenario;
  }

  std::mt19937_64 random_{kSeed};
};

// The step as tasks. Devices are resources 0 .. K-1, their links K .. 2K-1; gradients come in through device 0's link.
class StepTasks {
 public:
  explicit StepTasks(const Scenario& scenario) : scenario_(scenario), devices_(scenario.devices) {
    const StepTimes& times = scenario.times;
    const int64_t extractor = Compute(0, times.extractor_forward, {});
    std::vector<int64_t> features{extractor};
    for (int64_t k = 1; k < devices_; ++k) features.push_back(Send(0, scenario.messages.features_bytes, extractor));
    int64_t teachers = Modules(0, times.teachers, {extractor});
    for (int64_t k = 1; k < devices_; ++k) {
      const int64_t belief = Send(k - 1, scenario.messages.belief_bytes, teachers);
      teachers = Modules(k, times.teachers, {belief, features[k]});
    }
    std::vector<int64_t> last{Modules(0, times.modules, {teachers})};
    for (int64_t k = 1; k < devices_; ++k) {
      const int64_t updates = Modules(k, times.modules, {teachers});
      last.push_back(Compute(0, times.gradient_sum, {Send(0, scenario.messages.features_bytes, updates)}));
    }
    Compute(0, times.extractor_optimizer, {Compute(0, times.extractor_backward, last)});
  }

  const std::vector<Task>& tasks() const { return tasks_; }

 private:
  int64_t Add(Task task) {
    tasks_.push_back(std::move(task));
    return static_cast<int64_t>(tasks_.size()) - 1;
  }
  int64_t Compute(int64_t device, double seconds, std::vector<int64_t> after) {
    return Add({device, seconds, std::move(after)});
  }
  int64_t Send(int64_t link, double bytes, int64_t after) {
    return Add({devices_ + link, bytes / scenario_.link.bytes_per_second, {after}, scenario_.link.latency});
  }
  // Device k's modules one after the other.
  int64_t Modules(int64_t k, const std::vector<double>& seconds, std::vector<int64_t> after) {
    const int64_t each = seconds.size() / devices_, with_more = seconds.size() % devices_;
    const int64_t begin = k * each + std::min(k, with_more), end = begin + each + (k < with_more ? 1 : 0);
    for (int64_t i = begin; i < end; ++i) after = {Compute(k, seconds[i], after)};
    return after[0];
  }

  const Scenario& scenario_;
  int64_t devices_;
  std::vector<Task> tasks_;
};

TEST_F(SpeedupModelTest, EqualsTheSimulation) {
  for (int trial = 0; trial < 2000; ++trial) {
    const Scenario scenario = Random();
    const double expected = Simulate(StepTasks(scenario).tasks());
    ASSERT_NEAR(CriticalPath(scenario.times, scenario.devices, scenario.link, scenario.messages), expected,
                1e-12 * expected)
        << "seed " << kSeed << ", trial " << trial;
  }
}

TEST_F(SpeedupModelTest, IsNeverAboveTheTheoreticalAndNeverBelowOneDevice) {
  for (int trial = 0; trial < 500; ++trial) {
    const Scenario scenario = Random();
    const auto depth = static_cast<int64_t>(scenario.times.modules.size());
    const double theoretical = TheoreticalSpeedup(scenario.times.modules);
    double before = 1;
    for (const Link& link : {scenario.link, kFree}) {
      const double one = CriticalPath(scenario.times, 1, link, scenario.messages);
      before = 1;
      for (int64_t devices = 1; devices <= depth; ++devices) {
        const double speedup = one / BestCriticalPath(scenario.times, devices, link, scenario.messages);
        ASSERT_GE(speedup, before * (1 - 1e-12))
            << "more devices are never worse; seed " << kSeed << ", trial " << trial;
        ASSERT_LE(speedup, theoretical * (1 + 1e-12)) << "seed " << kSeed << ", trial " << trial;
        before = speedup;
      }
    }
  }
}

TEST_F(SpeedupModelTest, ReachesTheTheoreticalWhereOnlyModulesCost) {
  const StepTimes times{.teachers = {0, 0, 0}, .modules = {1, 3, 2}};
  EXPECT_DOUBLE_EQ(TheoreticalSpeedup(times.modules), 2);
  EXPECT_DOUBLE_EQ(CriticalPath(times, 1, kFree, {}), 6);
  EXPECT_DOUBLE_EQ(CriticalPath(times, 3, kFree, {}), 3);
}

TEST_F(SpeedupModelTest, EveryPartCountsWithItsPrice) {
  const StepTimes times{.extractor_forward = 10,
                        .teachers = {1, 1},
                        .modules = {3, 5},
                        .gradient_sum = 0.5,
                        .extractor_backward = 20,
                        .extractor_optimizer = 2};
  const Link link{.bytes_per_second = 2, .latency = 0.25};
  const Messages messages{.features_bytes = 8, .belief_bytes = 1};
  EXPECT_DOUBLE_EQ(CriticalPath(times, 1, link, messages), 10 + 2 + 8 + 20 + 2);
  // z leaves at 14; the belief, ready at 11, leaves after it, at 14.5, and is there at 14.75. Device 1 has taught at 15.75 and
  // updated at 20.75; its dz is there at 25, long after device 0 has updated.
  EXPECT_DOUBLE_EQ(CriticalPath(times, 2, link, messages), 25 + 0.5 + 20 + 2);
}

TEST_F(SpeedupModelTest, MoreDevicesThanModulesAreABug) {
  const StepTimes times{.teachers = {1, 1}, .modules = {1, 1}};
  EXPECT_DEATH(CriticalPath(times, 3, kFree, {}), "3 devices for 2 modules");
  EXPECT_DEATH(CriticalPath(times, 0, kFree, {}), "0 devices for 2 modules");
}

}  // namespace
}  // namespace sid
