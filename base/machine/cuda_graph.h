#pragma once

// Work of a GPU recorded once and repeated with one launch: a training step is some hundred kernels of a few microseconds
// each, and starting them one by one takes the CPU longer than running them takes the GPU.
//
//   Run(work), the first kWarmRuns times --> as it is        Run(work), once --> recorded and replayed        from then on --> replayed
//
// The work is the same each time, and reads and writes the same memory: what changes from step to step (its number, the
// learning rate) must lie on the device, and its results are overwritten by the next replay. It must not wait for the device.
// Everything is ordered with the caller's current stream.

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace sid {

// cuBLAS and cuDNN choose and set up in the first run, autograd and the allocator have settled by the third.
inline constexpr int64_t kWarmRuns = 3;

class Graph {
 public:
  virtual ~Graph() = default;
  virtual void Run(const std::function<void()>& work) = 0;
};

std::unique_ptr<Graph> MakeCudaGraph(at::Device device);

}  // namespace sid
