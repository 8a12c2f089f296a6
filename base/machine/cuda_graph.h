#pragma once

// Work of a GPU recorded once and repeated with one launch: a training step is some hundred kernels of a few microseconds
// each, and starting them one by one takes the CPU longer than running them takes the GPU.
//
//   Warm(work), some times --> Record(work), which runs nothing --> Replay(), as often as one likes
//
// The work reads and writes the same memory each time: what changes from step to step (its number, the learning rate)
// must lie on the device, and its results are overwritten by the next replay. It must not wait for the device. Everything
// is ordered with the caller's current stream.

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace sid {

class CudaGraph {
 public:
  explicit CudaGraph(at::Device device);
  ~CudaGraph();

  // Runs the work on the stream that it will be recorded on, so that libraries set up there what they need.
  void Warm(const std::function<void()>& work);
  void Record(const std::function<void()>& work);
  void Replay();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sid
