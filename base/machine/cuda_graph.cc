#include "base/machine/cuda_graph.h"

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace sid {
namespace {

class CudaGraph final : public Graph {
 public:
  explicit CudaGraph(at::Device device)
      : device_(device), stream_(c10::cuda::getStreamFromPool(false, device.index())) {}

  void Run(const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard guard(device_);
    if (runs_ < kWarmRuns) {
      OnOwnStream(work);
    } else {
      if (runs_ == kWarmRuns) OnOwnStream([&] { Record(work); });
      graph_.replay();
    }
    // What comes after the recording needs no counting.
    if (runs_ <= kWarmRuns) ++runs_;
  }

 private:
  // Recording is not possible on the default stream, and libraries set up what they need on the stream where they run.
  void OnOwnStream(const std::function<void()>& work) {
    const c10::cuda::CUDAStream caller = c10::cuda::getCurrentCUDAStream(device_.index());
    at::cuda::CUDAEvent before, after;
    before.record(caller);
    before.block(stream_);
    {
      const c10::cuda::CUDAStreamGuard guard(stream_);
      work();
    }
    after.record(stream_);
    after.block(caller);
  }

  // Runs nothing.
  void Record(const std::function<void()>& work) {
    graph_.capture_begin();
    work();
    graph_.capture_end();
  }

  at::Device device_;
  c10::cuda::CUDAStream stream_;
  at::cuda::CUDAGraph graph_;
  int64_t runs_ = 0;
};

}  // namespace

std::unique_ptr<Graph> MakeCudaGraph(at::Device device) { return std::make_unique<CudaGraph>(device); }

}  // namespace sid
