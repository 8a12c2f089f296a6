#include "base/machine/streams.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <vector>

namespace sid {
namespace {

class CudaStreams final : public Streams {
 public:
  CudaStreams(at::Device device, size_t count) : device_(device) {
    for (size_t k = 0; k < count; ++k) streams_.push_back(c10::cuda::getStreamFromPool(false, device.index()));
    ran_.resize(count);
  }

  void Mark() override { mark_.record(Current()); }

  void Run(size_t k, const std::function<void()>& work) override {
    const c10::cuda::CUDAGuard device(device_);
    mark_.block(streams_.at(k));
    const c10::cuda::CUDAStreamGuard guard(streams_[k]);
    ran_[k] = true;
    work();
  }

  // Of those that ran alone: one that did not is no part of a graph that is captured.
  void Join() override {
    const c10::cuda::CUDAStream current = Current();
    for (size_t k = 0; k < streams_.size(); ++k) {
      if (!ran_[k]) continue;
      end_.record(streams_[k]);
      end_.block(current);
      ran_[k] = false;
    }
  }

 private:
  c10::cuda::CUDAStream Current() const { return c10::cuda::getCurrentCUDAStream(device_.index()); }

  at::Device device_;
  std::vector<c10::cuda::CUDAStream> streams_;
  std::vector<bool> ran_;  // since the last Join
  at::cuda::CUDAEvent mark_, end_;
};

class OneAfterTheOther final : public Streams {
 public:
  void Mark() override {}
  void Run(size_t, const std::function<void()>& work) override { work(); }
  void Join() override {}
};

}  // namespace

std::unique_ptr<Streams> MakeStreams(at::Device device, size_t count) {
  if (device.is_cuda()) return std::make_unique<CudaStreams>(device, count);
  return std::make_unique<OneAfterTheOther>();
}

}  // namespace sid
