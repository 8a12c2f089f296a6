#include "sid/network/blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_max_pool2d.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <functional>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sid/network/operations.h"
#include "sid/network/reversible.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// PyTorch's defaults, which the published networks use.
constexpr double kMomentum = 0.1, kEpsilon = 1e-5;
// The Vision Transformer's: of the weights of all its layers, and in its normalisations.
constexpr double kViTDeviation = 0.02, kViTEpsilon = 1e-6;

double Numbers(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1.0,
                         [](double product, int64_t size) { return product * static_cast<double>(size); });
}

std::vector<TensorSpec> BatchNormSpecs(const std::string& name, int64_t channels) {
  return {{name + ".weight", {channels}, Role::kScale, 1},
          {name + ".bias", {channels}, Role::kScale, 0},
          {name + ".running_mean", {channels}, Role::kStatistic, 0},
          {name + ".running_var", {channels}, Role::kStatistic, 1}};
}

// own[begin .. begin + 3] as BatchNormSpecs has them.
at::Tensor BatchNorm(const at::Tensor& x, const BlockTensors& own, size_t begin, const Pass& pass) {
  const bool running = !pass.training || pass.write_statistics;
  return at::batch_norm(x, own[begin], own[begin + 1], running ? own[begin + 2] : at::Tensor(),
                        running ? own[begin + 3] : at::Tensor(), pass.training, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/true);
}

at::Tensor LayerNorm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift) {
  return at::layer_norm(x.to(scale.scalar_type()), {x.size(-1)}, scale, shift, kViTEpsilon).to(x.scalar_type());
}

// Flops of a convolution with `side` x `side` weights.
double ConvolutionFlops(int64_t in, const Shape& out, int64_t side) {
  return 2 * static_cast<double>(in * side * side) * Numbers(out);
}

void Append(std::vector<TensorSpec>& specs, std::vector<TensorSpec> more) {
  specs.insert(specs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool IsMap(const Shape& shape) { return shape.size() == 3; }

}  // namespace

at::Tensor PreActivation(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const at::Tensor& feedback) {
  if (weight.dim() == 4) return Convolve(x, weight, bias, /*stride=*/1, /*padding=*/1, feedback);
  const bool takes_all = x.numel() == x.size(0) * weight.size(1);
  // Else all positions of a map are averaged to one number a channel.
  return Linear(takes_all ? x.flatten(1) : x.mean({2, 3}), weight, bias, feedback);
}

Block Convolution(const Shape& in, int64_t channels, const ConvolutionOptions& options) {
  const bool pooled = options.pooled && in[1] > 1 && in[2] > 1;
  const Shape map{channels, in[1], in[2]};
  Block block{.kind = absl::StrCat("convolution ", in[0], " -> ", channels, pooled ? ", pooled" : ""),
              .specs = {{"weight", {channels, in[0], 3, 3}}},
              .output = pooled ? Shape{channels, in[1] / 2, in[2] / 2} : map};
  if (options.bias) block.specs.push_back({"bias", {channels}, Role::kBias});
  if (options.normalised) Append(block.specs, BatchNormSpecs("normalisation", channels));
  // Kept: what the normalisation reads, what the pool reads and its indices of 64 bits, and the output.
  block.cost = {ConvolutionFlops(in[0], map, 3),
                Numbers(map) * (int{options.normalised} + int{pooled}) + Numbers(block.output) * (pooled ? 3 : 1)};
  block.forward = [options, pooled](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    at::Tensor y = PreActivation(x, own[0], options.bias ? own[1] : at::Tensor(), pass.Feedback(0));
    if (options.normalised) y = BatchNorm(y, own, options.bias ? 2 : 1, pass);
    // The largest of four, then ReLU: the same numbers as the other way round, for a quarter of the ReLU's work.
    return at::relu(pooled ? at::max_pool2d(y, 2) : y);
  };
  return block;
}

Block Features(const Shape& in, int64_t features) {
  return {.kind = absl::StrCat("mean, linear ", in[0], " -> ", features),
          .specs = {{"weight", {features, in[0]}}, {"bias", {features}, Role::kBias}},
          .output = {features},
          .cost = {2.0 * static_cast<double>(in[0] * features), static_cast<double>(in[0] + features)},
          .forward = [](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
            return at::relu(PreActivation(x, own[0], own[1], pass.Feedback(0)));
          }};
}

Block Dense(const Shape& in, int64_t features) {
  const auto numbers = static_cast<int64_t>(Numbers(in));
  return {.kind = absl::StrCat("linear ", numbers, " -> ", features),
          .specs = {{"weight", {features, numbers}}, {"bias", {features}, Role::kBias}},
          .output = {features},
          .cost = {2.0 * static_cast<double>(numbers * features), static_cast<double>(features)},
          .forward = [](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
            return at::relu(PreActivation(x, own[0], own[1], pass.Feedback(0)));
          }};
}

Block Residual(const Shape& in) {
  const int64_t channels = in[0];
  Block block{.kind = absl::StrCat("residual ", channels),
              .output = in,
              .cost = {2 * ConvolutionFlops(channels, in, 3), 5 * Numbers(in)}};
  for (const char* number : {"1", "2"}) {
    block.specs.push_back({absl::StrCat("convolution_", number, ".weight"), {channels, channels, 3, 3}});
    Append(block.specs, BatchNormSpecs(absl::StrCat("normalisation_", number), channels));
  }
  block.forward = [](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    const at::Tensor y = at::relu(BatchNorm(PreActivation(x, own[0], {}, pass.Feedback(0)), own, 1, pass));
    return x + at::relu(BatchNorm(PreActivation(y, own[5], {}, pass.Feedback(5)), own, 6, pass));
  };
  return block;
}

Block BasicBlock(const Shape& in, int64_t channels, int64_t stride) {
  const Shape out{channels, (in[1] + stride - 1) / stride, (in[2] + stride - 1) / stride};
  const bool projected = stride != 1 || channels != in[0];
  Block block{.kind = absl::StrCat("basic block ", in[0], " -> ", channels, stride > 1 ? ", stride 2" : ""),
              .specs = {{"convolution_1.weight", {channels, in[0], 3, 3}}},
              .output = out,
              .cost = {ConvolutionFlops(in[0], out, 3) + ConvolutionFlops(channels, out, 3), 4 * Numbers(out)}};
  Append(block.specs, BatchNormSpecs("normalisation_1", channels));
  block.specs.push_back({"convolution_2.weight", {channels, channels, 3, 3}});
  Append(block.specs, BatchNormSpecs("normalisation_2", channels));
  if (projected) {
    block.specs.push_back({"skip.weight", {channels, in[0], 1, 1}});
    Append(block.specs, BatchNormSpecs("skip_normalisation", channels));
    block.cost.flops += ConvolutionFlops(in[0], out, 1);
    block.cost.activations += Numbers(out);
  }
  block.forward = [stride, projected](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    at::Tensor y = at::relu(BatchNorm(Convolve(x, own[0], {}, stride, /*padding=*/1, pass.Feedback(0)), own, 1, pass));
    y = BatchNorm(PreActivation(y, own[5], {}, pass.Feedback(5)), own, 6, pass);
    const at::Tensor skip =
        projected ? BatchNorm(Convolve(x, own[10], {}, stride, /*padding=*/0, pass.Feedback(10)), own, 11, pass) : x;
    return at::relu(y + skip);
  };
  return block;
}

Block RevBlock(const Shape& in, int64_t channels, int64_t stride) {
  const bool reversible = stride == 1 && channels == in[0];
  // What BasicBlock wants of one stream; the streams themselves are kept beside it.
  Block block = BasicBlock({in[0] / 2, in[1], in[2]}, channels / 2, stride);
  block.kind = reversible ? absl::StrCat("reversible ", channels)
                          : absl::StrCat("two streams ", in[0], " -> ", channels, stride > 1 ? ", stride 2" : "");
  block.output[0] = channels;
  block.cost.activations += Numbers(block.output);
  const auto first = [stride](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    return BatchNorm(Convolve(x, own[0], {}, stride, /*padding=*/1, pass.Feedback(0)), own, 1, pass);
  };
  const auto second = [](const at::Tensor& a, const BlockTensors& own, const Pass& pass) {
    return at::relu(BatchNorm(PreActivation(at::relu(a), own[5], {}, pass.Feedback(5)), own, 6, pass));
  };
  if (reversible) {
    block.coupling = [=](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
      return second(first(x, own, pass), own, pass);
    };
    block.forward = [f = block.coupling](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
      return Couple(x, f(FirstStream(x), own, pass));
    };
    return block;
  }
  block.forward = [=](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    const at::Tensor a = first(FirstStream(x), own, pass);
    const at::Tensor skip = Convolve(SecondStream(x), own[10], {}, stride, /*padding=*/0, pass.Feedback(10));
    return at::concat({BatchNorm(skip, own, 11, pass) + second(a, own, pass), a}, 1);
  };
  return block;
}

Block Patches(const Shape& in, int64_t patch, int64_t width) {
  CHECK(in[1] % patch == 0 && in[2] % patch == 0) << "patches of " << patch << " do not cover an image of " << in[1];
  const int64_t patches = (in[1] / patch) * (in[2] / patch), numbers = in[0] * patch * patch;
  return {.kind = absl::StrCat("patches of ", patch, " -> ", width),
          .specs = {{"weight", {width, in[0], patch, patch}, Role::kFactor, 0, kViTDeviation},
                    {"bias", {width}, Role::kBias},
                    {"class_token", {width}, Role::kBias, 0, kViTDeviation},
                    {"positions", {patches + 1, width}, Role::kBias, 0, kViTDeviation}},
          .output = {patches + 1, width},
          .cost = {2.0 * static_cast<double>(numbers * width * patches), static_cast<double>((patches + 1) * width)},
          .forward = [patch](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
            const at::Tensor tokens =
                Convolve(x, own[0], own[1], patch, /*padding=*/0, pass.Feedback(0)).flatten(2).transpose(1, 2);
            return at::concat({own[2].expand({x.size(0), 1, -1}), tokens}, 1) + own[3];
          }};
}

Block Transformer(const Shape& in, int64_t heads) {
  const int64_t width = in[1];
  const auto linear = [](const std::string& name, int64_t rows, int64_t columns) -> std::vector<TensorSpec> {
    return {{name + ".weight", {rows, columns}, Role::kFactor, 0, kViTDeviation},
            {name + ".bias", {rows}, Role::kBias}};
  };
  const auto norm = [width](const std::string& name) -> std::vector<TensorSpec> {
    return {{name + ".weight", {width}, Role::kScale, 1}, {name + ".bias", {width}, Role::kScale, 0}};
  };
  const auto length = static_cast<double>(in[0]), numbers = Numbers(in);
  Block block{.kind = absl::StrCat("transformer ", width, ", ", heads, " heads"),
              .output = in,
              .cost = {numbers * (24.0 * static_cast<double>(width) + 4 * length), 16 * numbers}};
  for (std::vector<TensorSpec> specs :
       {norm("norm_1"), linear("attention", 3 * width, width), linear("projection", width, width), norm("norm_2"),
        linear("mlp_1", 4 * width, width), linear("mlp_2", width, 4 * width)}) {
    Append(block.specs, std::move(specs));
  }
  block.forward = [heads](const at::Tensor& x, const BlockTensors& own, const Pass& pass) {
    const int64_t batch = x.size(0), tokens = x.size(1), size = x.size(2);
    const at::Tensor projected = Linear(LayerNorm(x, own[0], own[1]), own[2], own[3], pass.Feedback(2));
    // [3, B, heads, T, width / heads]
    const at::Tensor qkv = projected.view({batch, tokens, 3, heads, size / heads}).permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2);
    const at::Tensor y = x + Linear(mixed.reshape({batch, tokens, size}), own[4], own[5], pass.Feedback(4));
    const at::Tensor hidden = at::gelu(Linear(LayerNorm(y, own[6], own[7]), own[8], own[9], pass.Feedback(8)));
    return y + Linear(hidden, own[10], own[11], pass.Feedback(10));
  };
  return block;
}

Block ReadOut(const Shape& in, ReadOutKind kind) {
  Block block{.kind = "as it is", .output = {in.back()}};
  if (IsMap(in)) {
    const bool mean = kind == ReadOutKind::kMean;
    block.kind = mean ? "mean" : "max";
    block.output = {in[0]};
    block.forward = [mean](const at::Tensor& x, const BlockTensors&, const Pass&) {
      return mean ? x.mean({2, 3}) : x.amax({2, 3});
    };
  } else if (in.size() == 2) {
    block.kind = "class token, normalised";
    block.specs = {{"norm.weight", {in[1]}, Role::kScale, 1}, {"norm.bias", {in[1]}, Role::kScale, 0}};
    block.forward = [](const at::Tensor& x, const BlockTensors& own, const Pass&) {
      return LayerNorm(x.select(1, 0), own[0], own[1]);
    };
  } else {
    block.forward = [](const at::Tensor& x, const BlockTensors&, const Pass&) { return x; };
  }
  return block;
}

Block ReadOutOfMaps(const Shape& in, ReadOutKind kind) {
  if (!IsMap(in)) return ReadOut(in, kind);
  const int64_t rows = (in[1] + kHeadSide - 1) / kHeadSide, columns = (in[2] + kHeadSide - 1) / kHeadSide;
  Block block{.kind = "maps", .output = {in[0], in[1] / rows, in[2] / columns}};
  block.forward = [rows, columns](const at::Tensor& x, const BlockTensors&, const Pass&) {
    return rows * columns > 1 ? at::max_pool2d(x, {rows, columns}) : x;
  };
  return block;
}

Block Scaled(Block block, double factor) {
  absl::StrAppend(&block.kind, ", times ", factor);
  block.forward = [factor, forward = std::move(block.forward)](const at::Tensor& x, const BlockTensors& own,
                                                               const Pass& pass) {
    return forward(x, own, pass) * factor;
  };
  return block;
}

}  // namespace sid
