#pragma once

// The extractor c: images x [B, channels, height, width] -> features z [B, D], shared by all modules.
//
//   SimpleCNN: conv3x3 32, conv3x3 64, max-pool, conv3x3 128, conv3x3 128, max-pool, global average, linear D,
//              ReLU after each convolution and the linear layer
//
// Weights are plain tensors and the forward pass is a function, so that any learner differentiates it as it likes.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace sid {

struct ExtractorLayer {
  at::Tensor weight;  // convolution [out, in, 3, 3], channels-last in memory; linear [D, in]
  at::Tensor bias;    // [out]
  // 2x2 max-pooling after the activation.
  bool max_pool = false;

  bool convolution() const { return weight.dim() == 4; }
};

struct Extractor {
  std::vector<ExtractorLayer> layers;  // convolutions first, one linear layer last

  // z [B, D], of the weights' type; builds an autograd graph where gradients are on and the weights require them.
  at::Tensor Forward(const at::Tensor& images) const;
};

// A layer before its activation, and what follows it; Forward is their alternation. Separate for initialisation by
// data.
at::Tensor PreActivation(const ExtractorLayer& layer, const at::Tensor& input);
at::Tensor Activate(const ExtractorLayer& layer, const at::Tensor& pre_activation);

// SimpleCNN with weights not yet initialised, for images of `channels` channels.
Extractor SimpleCnn(int64_t channels, int64_t features);

}  // namespace sid
