#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>

#include <chrono>

#include "bench/micro/work.h"
#include "bench/statistics/statistics.h"
#include "bench/timing/cuda_timers.h"

namespace sid {
namespace {

constexpr int64_t kCopied = int64_t{64} << 20;  // bytes: more than any cache holds
constexpr int64_t kSide = 1024;                 // of the product's matrices
constexpr int kRepeats = 12;

double MedianSeconds(RecordingTimer& timer, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    {
      const ScopedPhase phase(timer, "bound");
      work();
    }
    seconds.push_back(timer.Take()[0].seconds);
  }
  return Median({seconds.begin() + 2, seconds.end()});  // the first ones warm up
}

}  // namespace

std::unique_ptr<RecordingTimer> MakeTimer(at::Device device) {
  if (device.is_cuda()) return MakeCudaEventTimer(device);
  return MakeClockTimer(
      [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); });
}

Bounds MeasureBounds(at::Device device) {
  const auto timer = MakeTimer(device);
  const at::TensorOptions options = at::TensorOptions(device).dtype(at::kFloat);
  const at::Tensor from = at::ones({kCopied / 4}, options), matrix = at::ones({kSide, kSide}, options);
  at::Tensor to = at::ones_like(from), product = at::ones_like(matrix);
  const double copy = MedianSeconds(*timer, [&] { to.copy_(from); });
  const double multiply = MedianSeconds(*timer, [&] { at::mm_out(product, matrix, matrix); });
  // A copy reads and writes.
  return {2.0 * kCopied / copy, 2.0 * kSide * kSide * kSide / multiply};
}

}  // namespace sid
