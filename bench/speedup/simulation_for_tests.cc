#include "bench/speedup/simulation_for_tests.h"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

namespace sid {
namespace {

class Simulation {
 public:
  explicit Simulation(const std::vector<Task>& tasks)
      : tasks_(tasks), waits_for_(tasks.size()), followers_(tasks.size()) {
    for (size_t i = 0; i < tasks.size(); ++i) {
      waits_for_[i] = tasks[i].after.size();
      for (const int64_t before : tasks[i].after) followers_[before].push_back(i);
      if (waits_for_[i] == 0) events_.push({0, kReady, i});
    }
  }

  double Run() {
    while (!events_.empty()) {
      const auto [time, kind, task] = events_.top();
      events_.pop();
      now_ = time;
      if (kind == kReady) waiting_[tasks_[task].resource].push(task);
      if (kind == kEnd) End(task);
      if (kind == kSeen) See(task);
      StartNext(tasks_[task].resource);
    }
    return last_end_;
  }

 private:
  enum Kind { kEnd, kSeen, kReady };
  using Event = std::tuple<double, Kind, size_t>;

  void End(size_t task) {
    last_end_ = now_;
    busy_[tasks_[task].resource] = false;
    events_.push({now_ + tasks_[task].latency, kSeen, task});
  }
  void See(size_t task) {
    for (const size_t follower : followers_[task]) {
      if (--waits_for_[follower] == 0) events_.push({now_, kReady, follower});
    }
  }
  void StartNext(int64_t resource) {
    if (busy_[resource] || waiting_[resource].empty()) return;
    const size_t task = waiting_[resource].front();
    waiting_[resource].pop();
    busy_[resource] = true;
    events_.push({now_ + tasks_[task].seconds, kEnd, task});
  }

  const std::vector<Task>& tasks_;
  std::vector<size_t> waits_for_;
  std::vector<std::vector<size_t>> followers_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<int64_t, std::queue<size_t>> waiting_;
  std::map<int64_t, bool> busy_;
  double now_ = 0, last_end_ = 0;
};

}  // namespace

double Simulate(const std::vector<Task>& tasks) { return Simulation(tasks).Run(); }

}  // namespace sid
