#pragma once

// The kinds of blocks that architectures are made of, each with its tensors, its cost and its forward pass. `in` is one example's
// shape; what a block computes is written with LibTorch's operations, whose type is that of the weights: normalisations compute
// in float32 whatever the products' type. Convolutions' weights lie channels-last in memory.

#include <cstdint>

#include "sid/network/block.h"

namespace sid {

// conv 3x3 [+ batch normalisation] [+ 2x2 max-pool, where the map has two rows], ReLU. `bias` of the convolution.
struct ConvolutionOptions {
  bool normalised = true, bias = false, pooled = false;
};
Block Convolution(const Shape& in, int64_t channels, const ConvolutionOptions& options);

// Mean over the positions, linear, ReLU: [channels, h, w] -> [features].
Block Features(const Shape& in, int64_t features);

// Linear, ReLU, of all numbers of whatever comes in: -> [features].
Block Dense(const Shape& in, int64_t features);

// x + f(x), f two convolutions 3x3 with batch normalisation: ResNet-9's, where each is followed by a ReLU, and the sum is not ...
Block Residual(const Shape& in);
// ... and ResNet-18's basic block: ReLU between them and after the sum; where stride or channels change, the skip is a 1x1
// convolution with batch normalisation (He et al. 2016).
Block BasicBlock(const Shape& in, int64_t channels, int64_t stride);

// RevNet-18's block (Rivaud et al. 2025; reversible.h): channels are two streams [x1 | x2], half of `in` each.
//   stride 1, as many channels        [x2 + F(x1) | x1]            F: two convolutions 3x3 with batch normalisation, each followed by ReLU
//   else, and then not reversible     [skip(x2) + F(x1) | a(x1)]   a: F's first convolution, normalised; skip: as BasicBlock's
Block RevBlock(const Shape& in, int64_t channels, int64_t stride);

// ViT's stem (Dosovitskiy et al. 2021): non-overlapping patches, each mapped to `width` numbers, a class token before them, positions
// added: [channels, h, w] -> [1 + patches, width].
Block Patches(const Shape& in, int64_t patch, int64_t width);
// Pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x)) with four times as many hidden units and GELU.
Block Transformer(const Shape& in, int64_t heads);

// Read-outs, from what a module's blocks compute to what its heads see. Vectors are passed on.
enum class ReadOutKind {
  kMean,   // over the positions of a map: VGG, ResNet-18
  kMax,    // over the positions of a map: ResNet-9
  kToken,  // the class token, normalised: ViT
};
Block ReadOut(const Shape& in, ReadOutKind kind);
// For heads that convolve: maps, max-pooled until they have at most kHeadSide rows and columns; tokens and vectors as ReadOut.
inline constexpr int64_t kHeadSide = 8;
Block ReadOutOfMaps(const Shape& in, ReadOutKind kind);
// The same block, its output times `factor`.
Block Scaled(Block block, double factor);

// What Convolution, Features and Dense do before pooling and ReLU, for initialisation by data too: from x and the block's weight and
// bias. `feedback` as Pass::feedback has it.
at::Tensor PreActivation(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const at::Tensor& feedback = {});

}  // namespace sid
