#include "bench/timing/cuda_timers.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <nvtx3/nvToolsExt.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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

class NvtxTimer final : public PhaseTimer {
 public:
  void Begin(std::string_view phase, int64_t module) override {
    std::string name(phase);
    if (module >= 0) name += " " + std::to_string(module);
    nvtxRangePushA(name.c_str());
  }
  void End() override { nvtxRangePop(); }
};

// Without LibTorch, whose graph and allocator an error in the middle of a recording would leave unfit for the next one.
cudaError_t RecordAndReplayAnEvent(cudaStream_t stream, cudaEvent_t event) {
  cudaGraph_t graph = nullptr;
  cudaError_t error = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  if (error != cudaSuccess) return error;
  error = cudaEventRecordWithFlags(event, stream, cudaEventRecordExternal);
  const cudaError_t end = cudaStreamEndCapture(stream, &graph);
  if (error == cudaSuccess) error = end;
  if (error != cudaSuccess) return error;
  cudaGraphExec_t replayable = nullptr;
  error = cudaGraphInstantiate(&replayable, graph, 0);
  if (error == cudaSuccess) error = cudaGraphLaunch(replayable, stream);
  if (error == cudaSuccess) error = cudaEventSynchronize(event);
  if (replayable != nullptr) cudaGraphExecDestroy(replayable);
  cudaGraphDestroy(graph);
  return error;
}

}  // namespace

absl::Status CanTimeReplays(at::Device device) {
  const c10::cuda::CUDAGuard guard(device);
  cudaEvent_t event = nullptr;
  cudaError_t error = cudaEventCreate(&event);
  if (error == cudaSuccess) error = RecordAndReplayAnEvent(c10::cuda::getStreamFromPool(false, device.index()), event);
  if (event != nullptr) cudaEventDestroy(event);
  cudaGetLastError();  // else the next launch would report it
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the driver records no events in a graph: ", cudaGetErrorString(error)));
}

std::unique_ptr<RecordingTimer> MakeCudaEventTimer(at::Device device) {
  return std::make_unique<CudaEventTimer>(device);
}

std::unique_ptr<PhaseTimer> MakeNvtxTimer() { return std::make_unique<NvtxTimer>(); }

}  // namespace sid
