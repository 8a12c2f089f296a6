#include <ATen/ops/conv2d.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>

#include <cmath>

#include "bench/micro/work.h"

namespace sid {
namespace {

// The third convolution of SimpleCNN on images of 32 x 32 with as many channels out as in.
constexpr int64_t kImages = 128, kChannels = 128, kPixels = 16;

Work CopyWork(at::Device device) {
  const int64_t bytes = int64_t{1} << (device.is_cuda() ? 30 : 26);
  const at::Tensor from = at::ones({bytes / 4}, device), to = at::ones_like(from);
  return {.bytes = 2.0 * static_cast<double>(bytes), .run = [=] { to.copy_(from); }};  // it reads and writes
}

Work ProductWork(const at::TensorOptions& options) {
  const int64_t side = options.device().is_cuda() ? 8192 : 1024;
  const at::Tensor matrix = at::ones({side, side}, options), product = at::ones_like(matrix);
  return {.flops = 2 * std::pow(static_cast<double>(side), 3), .run = [=] {
            at::Tensor out = product;
            at::mm_out(out, matrix, matrix);
          }};
}

Work ConvolutionWork(const at::TensorOptions& options) {
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor images = at::ones({kImages, kChannels, kPixels, kPixels}, options).contiguous(last);
  const at::Tensor weight = at::ones({kChannels, kChannels, 3, 3}, options).contiguous(last);
  return {.flops = 2.0 * kImages * kPixels * kPixels * kChannels * kChannels * 9,
          .run = [=] { at::conv2d(images, weight, {}, /*stride=*/1, /*padding=*/1); }};
}

}  // namespace

std::vector<NamedWork> Bounds(at::Device device) {
  std::vector<NamedWork> works{{"bound/copy", [=] { return CopyWork(device); }}};
  for (const auto& [name, type] : {std::pair{"fp32", at::kFloat}, std::pair{"bf16", at::kBFloat16}}) {
    const at::TensorOptions options = at::TensorOptions(device).dtype(type);
    works.push_back({std::string("bound/product/") + name, [=] { return ProductWork(options); }});
    works.push_back({std::string("bound/convolution/") + name, [=] { return ConvolutionWork(options); }});
  }
  return works;
}

}  // namespace sid
