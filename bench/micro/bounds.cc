#include <ATen/ops/conv2d.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bench/micro/work.h"
#include "bench/statistics/statistics.h"
#include "bench/timing/cuda_timers.h"

namespace sid {
namespace {

// Bytes of a copy, more than any cache holds; the side of the product's matrices, large enough for the machine's full rate.
int64_t CopiedBytes(at::Device device) { return int64_t{1} << (device.is_cuda() ? 30 : 26); }
int64_t Side(at::Device device) { return device.is_cuda() ? 8192 : 1024; }
// The third convolution of SimpleCNN on images of 32 x 32 with as many channels out as in: the kind that most of a step goes to.
constexpr int64_t kChannels = 128, kPixels = 16;
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

namespace {

Rates MeasureRates(at::Device device, at::ScalarType type) {
  const auto timer = MakeTimer(device);
  const at::TensorOptions options = at::TensorOptions(device).dtype(type);
  const int64_t side = Side(device);
  const at::Tensor matrix = at::ones({side, side}, options);
  at::Tensor product = at::ones_like(matrix);
  const double multiply = MedianSeconds(*timer, [&] { at::mm_out(product, matrix, matrix); });
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor images = at::ones({kBatch, kChannels, kPixels, kPixels}, options).contiguous(last);
  const at::Tensor weight = at::ones({kChannels, kChannels, 3, 3}, options).contiguous(last);
  const double convolve = MedianSeconds(*timer, [&] { at::conv2d(images, weight, {}, /*stride=*/1, /*padding=*/1); });
  return {2.0 * std::pow(static_cast<double>(side), 3) / multiply,
          2.0 * kBatch * kPixels * kPixels * kChannels * kChannels * 9 / convolve};
}

}  // namespace

double Bounds::Seconds(const Work& work) const {
  const Rates& rates = work.precision == Precision::kBf16 ? bf16 : fp32;
  const double computing =
      work.flops / rates.flops_per_second + work.convolution_flops / rates.convolution_flops_per_second;
  return std::max(work.bytes / bytes_per_second, computing);
}

Bounds MeasureBounds(at::Device device) {
  UsePrecision(Precision::kFp32);  // as the learners have it: LibTorch's own default is TF32 for a GPU's convolutions
  const auto timer = MakeTimer(device);
  const int64_t bytes = CopiedBytes(device);
  const at::Tensor from = at::ones({bytes / 4}, device);
  at::Tensor to = at::ones_like(from);
  const double copy = MedianSeconds(*timer, [&] { to.copy_(from); });
  // A copy reads and writes.
  return {2.0 * static_cast<double>(bytes) / copy, MeasureRates(device, at::kFloat),
          MeasureRates(device, at::kBFloat16)};
}

}  // namespace sid
