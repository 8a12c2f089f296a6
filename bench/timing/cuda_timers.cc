#include "bench/timing/cuda_timers.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

class CudaEventTimer final : public RecordingTimer {
 public:
  explicit CudaEventTimer(at::Device device) : device_(device) { CHECK(device.is_cuda()) << device; }

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
  std::vector<double> Seconds(size_t count) override {
    if (count > 0) Stream().synchronize();
    std::vector<double> seconds;
    seconds.reserve(count);
    for (size_t i = 0; i < count; ++i) seconds.push_back(1e-3 * spans_[i]->begin.elapsed_time(spans_[i]->end));
    return seconds;
  }
  c10::cuda::CUDAStream Stream() const { return c10::cuda::getCurrentCUDAStream(device_.index()); }

  at::Device device_;
  std::vector<std::unique_ptr<Span>> spans_;
};

}  // namespace

std::unique_ptr<RecordingTimer> MakeCudaEventTimer(at::Device device) {
  return std::make_unique<CudaEventTimer>(device);
}

}  // namespace sid
