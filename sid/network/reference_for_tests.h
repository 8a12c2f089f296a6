#pragma once

// What a network computes, written out in sums, products and elementary functions: no convolution, normalisation, pooling or attention
// of LibTorch's. For tests, in float64.
//
//   Reference reference(network, training);
//   y = reference.Residual(x, "blocks.3.");  ...;  reference["blocks.3.normalisation_1.running_mean"]   after the pass

#include <ATen/TensorOperators.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sid/network/network.h"

namespace sid {

inline at::Tensor Relu(const at::Tensor& x) { return x * (x > 0); }

// Divides by the deviation over the dimensions `over`; `eps` as each paper has it.
inline at::Tensor Standardise(const at::Tensor& x, at::IntArrayRef over, double eps) {
  const at::Tensor centred = x - x.mean(over, /*keepdim=*/true);
  return centred / ((centred * centred).mean(over, /*keepdim=*/true) + eps).sqrt();
}

inline at::Tensor MaxPool(const at::Tensor& x, int64_t rows, int64_t columns) {
  const int64_t height = x.size(2) / rows * rows, width = x.size(3) / columns * columns;
  at::Tensor most;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const at::Tensor one = x.slice(2, i, height, rows).slice(3, j, width, columns);
      most = most.defined() ? at::maximum(most, one) : one;
    }
  }
  return most;
}

// What a network computes from its tensors, looked up by their names; in training also what its running statistics become.
class Reference {
 public:
  Reference(const Network& network, bool training) : training_(training) {
    for (const NamedTensor& named : AllTensors(network)) tensors_[named.name] = named.tensor.clone();
  }
  const at::Tensor& operator[](const std::string& name) const { return tensors_.at(name); }

  at::Tensor Plain(const at::Tensor& x, const std::string& block) {
    at::Tensor y = Convolve(x, block + "weight", /*stride=*/1);
    if (tensors_.contains(block + "bias")) y = y + Channels(block + "bias");
    if (tensors_.contains(block + "normalisation.weight")) y = BatchNorm(y, block + "normalisation");
    return Relu(y);
  }
  at::Tensor Pooled(const at::Tensor& x, const std::string& block) {
    const at::Tensor y = Plain(x, block);
    return y.size(2) > 1 ? MaxPool(y, 2, 2) : y;
  }
  at::Tensor Dense(const at::Tensor& x, const std::string& block) { return Relu(Linear(x.flatten(1), block)); }
  at::Tensor Features(const at::Tensor& x, const std::string& block) {
    return Relu(Linear(x.flatten(2).mean(-1), block));
  }
  at::Tensor Residual(const at::Tensor& x, const std::string& block) {
    const at::Tensor y = Relu(BatchNorm(Convolve(x, block + "convolution_1.weight", 1), block + "normalisation_1"));
    return x + Relu(BatchNorm(Convolve(y, block + "convolution_2.weight", 1), block + "normalisation_2"));
  }
  at::Tensor Basic(const at::Tensor& x, const std::string& block) { return Relu(Inner(x, block, 1) + x); }
  at::Tensor Halving(const at::Tensor& x, const std::string& block) {
    const at::Tensor skip = BatchNorm(Convolve(x, block + "skip.weight", 2), block + "skip_normalisation");
    return Relu(Inner(x, block, 2) + skip);
  }
  at::Tensor Reversible(const at::Tensor& x, const std::string& block) {
    const std::vector<at::Tensor> streams = x.chunk(2, 1);
    return at::concat({Relu(Inner(streams[0], block, 1)) + streams[1], streams[0]}, 1);
  }
  at::Tensor TwoStreams(const at::Tensor& x, const std::string& block) {
    const std::vector<at::Tensor> streams = x.chunk(2, 1);
    const at::Tensor a = BatchNorm(Convolve(streams[0], block + "convolution_1.weight", 2), block + "normalisation_1");
    const at::Tensor f = BatchNorm(Convolve(Relu(a), block + "convolution_2.weight", 1), block + "normalisation_2");
    const at::Tensor skip = BatchNorm(Convolve(streams[1], block + "skip.weight", 2), block + "skip_normalisation");
    return at::concat({Relu(f) + skip, a}, 1);
  }
  at::Tensor Patches(const at::Tensor& x, const std::string& block) {
    const at::Tensor& weight = tensors_.at(block + "weight");
    const int64_t side = weight.size(2);
    std::vector<at::Tensor> tokens{tensors_.at(block + "class_token").expand({x.size(0), -1})};
    for (int64_t i = 0; i < x.size(2); i += side) {
      for (int64_t j = 0; j < x.size(3); j += side) {
        const at::Tensor patch = x.slice(2, i, i + side).slice(3, j, j + side).flatten(1);
        tokens.push_back(at::matmul(patch, weight.flatten(1).t()) + tensors_.at(block + "bias"));
      }
    }
    for (at::Tensor& token : tokens) token = token.unsqueeze(1);
    return at::concat(tokens, 1) + tensors_.at(block + "positions");
  }
  at::Tensor Transformer(const at::Tensor& x, const std::string& block) {
    const at::Tensor y =
        x + Linear(Attention(Linear(LayerNorm(x, block + "norm_1."), block + "attention.")), block + "projection.");
    const at::Tensor hidden = Linear(LayerNorm(y, block + "norm_2."), block + "mlp_1.");
    return y + Linear(hidden * 0.5 * (1 + (hidden / std::sqrt(2)).erf()), block + "mlp_2.");
  }

  at::Tensor Mean(const at::Tensor& x, const std::string&) { return x.flatten(2).mean(-1); }
  at::Tensor Max(const at::Tensor& x, const std::string&) { return std::get<0>(x.flatten(2).sort(-1)).select(-1, -1); }
  at::Tensor Given(const at::Tensor& x, const std::string&) { return x; }
  at::Tensor Token(const at::Tensor& x, const std::string& block) { return LayerNorm(x.select(1, 0), block + "norm."); }

  static constexpr int64_t kHeads = 3;

 private:
  at::Tensor Channels(const std::string& name) const { return tensors_.at(name).view({1, -1, 1, 1}); }

  // The image shifted to each position of the kernel, times that position's matrix [out, in].
  at::Tensor Convolve(const at::Tensor& x, const std::string& name, int64_t stride) const {
    const at::Tensor& weight = tensors_.at(name);
    const int64_t side = weight.size(2), margin = side / 2;
    const at::Tensor padded =
        at::zeros({x.size(0), x.size(1), x.size(2) + 2 * margin, x.size(3) + 2 * margin}, x.options());
    padded.slice(2, margin, margin + x.size(2)).slice(3, margin, margin + x.size(3)).copy_(x);
    at::Tensor sum;
    for (int64_t i = 0; i < side; ++i) {
      for (int64_t j = 0; j < side; ++j) {
        const at::Tensor shifted = padded.slice(2, i, i + x.size(2), stride).slice(3, j, j + x.size(3), stride);
        const at::Tensor product = at::matmul(weight.select(3, j).select(2, i), shifted.flatten(2));
        const at::Tensor map = product.view({x.size(0), weight.size(0), shifted.size(2), shifted.size(3)});
        sum = sum.defined() ? sum + map : map;
      }
    }
    return sum;
  }

  // In training the running statistics follow: a tenth of the new, of the variance its unbiased estimate.
  at::Tensor BatchNorm(const at::Tensor& x, const std::string& name) {
    at::Tensor &mean = tensors_.at(name + ".running_mean"), &var = tensors_.at(name + ".running_var");
    at::Tensor y = (x - Channels(name + ".running_mean")) / (Channels(name + ".running_var") + 1e-5).sqrt();
    if (training_) {
      y = Standardise(x, {0, 2, 3}, 1e-5);
      const auto count = static_cast<double>(x.numel() / x.size(1));
      const at::Tensor now = x.mean({0, 2, 3}), centred = x - now.view({1, -1, 1, 1});
      mean = 0.9 * mean + 0.1 * now;
      var = 0.9 * var + 0.1 * (centred * centred).sum({0, 2, 3}) / (count - 1);
    }
    return y * Channels(name + ".weight") + Channels(name + ".bias");
  }

  at::Tensor Inner(const at::Tensor& x, const std::string& block, int64_t stride) {
    const at::Tensor y =
        Relu(BatchNorm(Convolve(x, block + "convolution_1.weight", stride), block + "normalisation_1"));
    return BatchNorm(Convolve(y, block + "convolution_2.weight", 1), block + "normalisation_2");
  }

  at::Tensor Linear(const at::Tensor& x, const std::string& layer) const {
    return at::matmul(x, tensors_.at(layer + "weight").t()) + tensors_.at(layer + "bias");
  }
  at::Tensor LayerNorm(const at::Tensor& x, const std::string& layer) const {
    return Standardise(x, {-1}, 1e-6) * tensors_.at(layer + "weight") + tensors_.at(layer + "bias");
  }

  // Head after head, from [B, T, 3 * width]: all queries, then all keys, then all values.
  static at::Tensor Attention(const at::Tensor& qkv) {
    const int64_t width = qkv.size(2) / 3, own = width / kHeads;
    std::vector<at::Tensor> mixed;
    for (int64_t head = 0; head < kHeads; ++head) {
      const auto part = [&](int64_t which) { return qkv.narrow(2, which * width + head * own, own); };
      const at::Tensor weights = (at::matmul(part(0), part(1).transpose(1, 2)) / std::sqrt(own)).exp();
      mixed.push_back(at::matmul(weights / weights.sum(-1, /*keepdim=*/true), part(2)));
    }
    return at::concat(mixed, -1);
  }

  bool training_;
  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace sid
