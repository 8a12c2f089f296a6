#include "bench/timing/phase_timers.h"

#include <algorithm>
#include <utility>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

class ClockTimer final : public RecordingTimer {
 public:
  explicit ClockTimer(Clock clock) : clock_(std::move(clock)) {}

 private:
  struct Span {
    double begin = 0, end = 0;
  };

  void Start(size_t index) override {
    if (index >= spans_.size()) spans_.resize(index + 1);
    spans_[index].begin = clock_();
  }
  void Stop(size_t index) override { spans_[index].end = clock_(); }
  std::vector<double> Seconds(size_t count) override {
    std::vector<double> seconds;
    seconds.reserve(count);
    for (size_t i = 0; i < count; ++i) seconds.push_back(spans_[i].end - spans_[i].begin);
    return seconds;
  }

  Clock clock_;
  std::vector<Span> spans_;
};

}  // namespace

void RecordingTimer::Begin(std::string_view phase, int64_t module) {
  const size_t index = phases_.size();
  phases_.push_back({std::string(phase), module, static_cast<int>(open_.size())});
  open_.push_back(index);
  Start(index);
}

void RecordingTimer::End() {
  CHECK(!open_.empty()) << "a phase ended that never began";
  Stop(open_.back());
  open_.pop_back();
}

std::vector<PhaseTime> RecordingTimer::Read() {
  CHECK(open_.empty()) << "phase '" << phases_[open_.back()].phase << "' has not ended";
  const std::vector<double> seconds = Seconds(phases_.size());
  for (size_t i = 0; i < phases_.size(); ++i) phases_[i].seconds = seconds[i];
  return phases_;
}

std::vector<PhaseTime> RecordingTimer::Take() {
  std::vector<PhaseTime> taken = Read();
  phases_.clear();
  return taken;
}

std::unique_ptr<RecordingTimer> MakeClockTimer(Clock clock) { return std::make_unique<ClockTimer>(std::move(clock)); }

}  // namespace sid
