#include "base/machine/memory.h"

#include <ATen/Context.h>
#include <c10/core/CPUAllocator.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include <atomic>
#include <cstddef>

#include "third_party/logging/logging.h"

namespace sid {
namespace {

// In front of the bytes asked for, which stay aligned as c10::gAlignment promises: the size, for when they are freed. A
// deleter gets nothing but the pointer.
constexpr size_t kHeader = 64;
static_assert(kHeader % c10::gAlignment == 0);

class CountingAllocator final : public c10::Allocator {
 public:
  static CountingAllocator& Get() {
    static auto* const kAllocator = new CountingAllocator;  // outlives every tensor
    return *kAllocator;
  }

  c10::DataPtr allocate(size_t bytes) override {
    // LibTorch tells empty storage by a null pointer.
    if (bytes == 0) return {nullptr, nullptr, &Free, at::kCPU};
    auto* const block = static_cast<std::byte*>(wrapped_->raw_allocate(bytes + kHeader));
    *reinterpret_cast<size_t*>(block) = bytes;
    Add(static_cast<int64_t>(bytes));
    return {block + kHeader, block + kHeader, &Free, at::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  int64_t live() const { return live_; }
  int64_t peak() const { return peak_; }
  void ResetPeak() { peak_ = live_.load(); }

 private:
  CountingAllocator() : wrapped_(c10::GetCPUAllocator()) { CHECK(wrapped_->raw_deleter() != nullptr); }

  static void Free(void* data) {
    if (data == nullptr) return;
    std::byte* const block = static_cast<std::byte*>(data) - kHeader;
    Get().live_ -= static_cast<int64_t>(*reinterpret_cast<size_t*>(block));
    Get().wrapped_->raw_deallocate(block);
  }

  void Add(int64_t bytes) {
    const int64_t live = live_ += bytes;
    int64_t peak = peak_;
    while (live > peak && !peak_.compare_exchange_weak(peak, live)) {
    }
  }

  c10::Allocator* wrapped_;
  std::atomic<int64_t> live_ = 0, peak_ = 0;
};

bool Counting() { return c10::GetCPUAllocator() == &CountingAllocator::Get(); }

CountingAllocator& Cpu() {
  CHECK(Counting()) << "CountCpuTensorBytes was not called";
  return CountingAllocator::Get();
}

c10::CachingAllocator::Stat CudaStat(at::Device device) {
  at::globalContext().lazyInitDevice(at::kCUDA);
  const auto statistics = c10::cuda::CUDACachingAllocator::getDeviceStats(device.has_index() ? device.index() : 0);
  return statistics.requested_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
}

}  // namespace

void CountCpuTensorBytes() {
  static const bool kSet = [] {
    c10::SetCPUAllocator(&CountingAllocator::Get(), /*priority=*/100);
    return Counting();
  }();
  CHECK(kSet) << "LibTorch kept another CPU allocator, of a higher priority";
}

int64_t LiveTensorBytes(at::Device device) { return device.is_cuda() ? CudaStat(device).current : Cpu().live(); }

int64_t PeakTensorBytes(at::Device device) { return device.is_cuda() ? CudaStat(device).peak : Cpu().peak(); }

void ResetPeakTensorBytes(at::Device device) {
  if (!device.is_cuda()) return Cpu().ResetPeak();
  at::globalContext().lazyInitDevice(at::kCUDA);
  c10::cuda::CUDACachingAllocator::resetPeakStats(device.has_index() ? device.index() : 0);
}

}  // namespace sid
