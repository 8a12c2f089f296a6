#pragma once

// Networks as lists of blocks, without their heads: what --network names.
//
//   simple-cnn  conv 32, conv 64 + pool, conv 128, conv 128 + pool, mean + linear D               5 blocks; the paper's
//   vgg11       8 convolutions with batch normalisation, 5 pools (Simonyan and Zisserman 2015, the form for CIFAR)
//   resnet9     conv 64, conv 128 + pool, residual, conv 256 + pool, conv 512 + pool, residual     6 blocks; DAWNBench's
//   resnet18    conv 64 without a pool, 8 basic blocks 64 .. 512                       9 blocks (He et al. 2016, as on CIFAR)
//   revnet18    conv 128, 8 blocks of two streams 64 .. 512, five of them reversible       9 blocks (PETRA's, Rivaud et al. 2025)
//   vit-tiny    patches of 4 pixels (8 from 64 pixels on), 12 transformer blocks of width 192, 3 heads     13 blocks
//   mlp         3 layers of 800 units on all pixels, ReLU          3 blocks (Nokland 2016, on MNIST)
//   none        no blocks: the features are given                              for benchmarks and tests of heads alone
//
// For images of 28, 32 or 64 pixels and 1 or 3 channels; others that the pools divide work too. `width` scales the convolutional
// ones: it stands for their first 64 (simple-cnn's first 32, mlp's 800).

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/network/blocks.h"

namespace sid {

struct Architecture {
  std::vector<Block> blocks;
  ReadOutKind read_out = ReadOutKind::kMean;
};

struct ArchitectureOptions {
  std::string name = "simple-cnn";
  Shape image = {3, 32, 32};  // [channels, height, width]; of `none` the given features' [D]
  int64_t width = 0;          // 0: the published one
  int64_t features = 128;     // D of simple-cnn
};

// "simple-cnn", "vgg11", "resnet9", "resnet18", "revnet18", "vit-tiny", "mlp": what a user may name.
std::vector<std::string> ArchitectureNames();

// InvalidArgument for another name (with the nearest), a width that does not fit and an image that is too small or cannot be divided.
absl::StatusOr<Architecture> MakeArchitecture(const ArchitectureOptions& options);

// ViT of any size, for the published ones.
Architecture VisionTransformer(const Shape& image, int64_t patch, int64_t layers, int64_t width, int64_t heads);

}  // namespace sid
