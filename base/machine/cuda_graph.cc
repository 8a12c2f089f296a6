#include "base/machine/cuda_graph.h"

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

namespace sid {

struct CudaGraph::State {
  explicit State(at::Device where) : device(where), stream(c10::cuda::getStreamFromPool(false, where.index())) {}

  // Recording is not possible on the default stream.
  void OnOwnStream(const std::function<void()>& work) {
    const c10::cuda::CUDAStream caller = c10::cuda::getCurrentCUDAStream(device.index());
    at::cuda::CUDAEvent before, after;
    before.record(caller);
    before.block(stream);
    {
      const c10::cuda::CUDAStreamGuard guard(stream);
      work();
    }
    after.record(stream);
    after.block(caller);
  }

  at::Device device;
  c10::cuda::CUDAStream stream;
  at::cuda::CUDAGraph graph;
};

CudaGraph::CudaGraph(at::Device device) : state_(std::make_unique<State>(device)) {}
CudaGraph::~CudaGraph() = default;

void CudaGraph::Warm(const std::function<void()>& work) { state_->OnOwnStream(work); }

void CudaGraph::Record(const std::function<void()>& work) {
  state_->OnOwnStream([&] {
    state_->graph.capture_begin();
    work();
    state_->graph.capture_end();
  });
}

void CudaGraph::Replay() {
  const c10::cuda::CUDAGuard guard(state_->device);
  state_->graph.replay();
}

}  // namespace sid
