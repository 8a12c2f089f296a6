#include "bench/timing/phase_timers.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAStream.h>

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
  double Seconds(size_t index) override { return spans_[index].end - spans_[index].begin; }

  Clock clock_;
  std::vector<Span> spans_;
};

class CudaEventTimer final : public RecordingTimer {
 public:
  explicit CudaEventTimer(at::Device device) : device_(device) {}

 private:
  // Events with times, which CUDAEvent's own default has not, that a graph can record.
  static constexpr unsigned kTimed = cudaEventDefault | cudaEventExternal;
  struct Span {
    at::cuda::CUDAEvent begin{kTimed}, end{kTimed};
  };

  void Start(size_t index) override {
    while (index >= spans_.size()) spans_.push_back(std::make_unique<Span>());
    spans_[index]->begin.record(Stream());
  }
  void Stop(size_t index) override { spans_[index]->end.record(Stream()); }
  void Wait() override { Stream().synchronize(); }
  double Seconds(size_t index) override { return 1e-3 * spans_[index]->begin.elapsed_time(spans_[index]->end); }
  c10::cuda::CUDAStream Stream() const { return c10::cuda::getCurrentCUDAStream(device_.index()); }

  at::Device device_;
  std::vector<std::unique_ptr<Span>> spans_;
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
  Wait();
  for (size_t i = 0; i < phases_.size(); ++i) phases_[i].seconds = Seconds(i);
  return phases_;
}

std::vector<PhaseTime> RecordingTimer::Take() {
  std::vector<PhaseTime> taken = Read();
  phases_.clear();
  return taken;
}

std::unique_ptr<RecordingTimer> MakeTimer(at::Device device, Clock clock) {
  if (device.is_cuda()) return std::make_unique<CudaEventTimer>(device);
  return std::make_unique<ClockTimer>(std::move(clock));
}

}  // namespace sid
