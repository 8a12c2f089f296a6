#include "sid/network/extractor.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

namespace sid {
namespace {

ExtractorLayer Convolution(int64_t in, int64_t out, bool max_pool) {
  return {at::empty({out, in, 3, 3}, at::MemoryFormat::ChannelsLast), at::empty({out}), max_pool};
}

}  // namespace

at::Tensor PreActivation(const ExtractorLayer& layer, const at::Tensor& input) {
  if (layer.convolution()) return at::conv2d(input, layer.weight, layer.bias, /*stride=*/1, /*padding=*/1);
  // The linear layer is the first after the convolutions: their maps are averaged to one number a channel.
  return at::linear(input.mean({2, 3}), layer.weight, layer.bias);
}

at::Tensor Activate(const ExtractorLayer& layer, const at::Tensor& pre_activation) {
  // The largest of four, then ReLU: the same numbers as the other way round, for a quarter of the ReLU's work.
  return at::relu(layer.max_pool ? at::max_pool2d(pre_activation, 2) : pre_activation);
}

at::Tensor Extractor::Forward(const at::Tensor& images) const {
  at::Tensor x = images;
  for (const ExtractorLayer& layer : layers) x = Activate(layer, PreActivation(layer, x));
  return x;
}

Extractor SimpleCnn(int64_t channels, int64_t features) {
  return {{Convolution(channels, 32, false), Convolution(32, 64, true), Convolution(64, 128, false),
           Convolution(128, 128, true), ExtractorLayer{at::empty({features, 128}), at::empty({features})}}};
}

}  // namespace sid
