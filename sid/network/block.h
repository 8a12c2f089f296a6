#pragma once

// A block: a pure function of its input and its tensors, and the list of the tensors that it wants. It owns none, so it runs on
// weights, on their bf16 copies or on leaves of an autograd graph alike, and the same list of shapes holds gradients.
//
//   x [B, ...input] --forward(x, tensors, pass)--> h [B, ...output]
//
// A network is a list of blocks (sid/network/architectures.h); a skip connection lies within one block, so that a module may end
// after any of them. Shapes are one example's: [channels, height, width] of maps, [length, width] of tokens, [features] of vectors.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/tensors.h"

namespace sid {

using Shape = std::vector<int64_t>;

struct TensorSpec {
  std::string name;  // "weight"; within a block unique
  Shape shape;
  Role role = Role::kFactor;
  // What it begins with (sid/network/initialisation.h): N(value, deviation^2) for scales, statistics and tokens, and for factors
  // whose architecture prescribes a deviation. Other factors, and the bias behind each, follow the initialisation's name.
  double value = 0, deviation = 0;
};

// A block's own, in the order of its specs.
using BlockTensors = std::vector<at::Tensor>;

struct Pass {
  bool training = false;          // normalise by the batch, not by the running statistics
  bool write_statistics = false;  // move the running statistics: in the one pass of a step that learns
  // Of this block: what gradients by a product's input go back through in place of its factors; null: the factors themselves.
  const BlockTensors* feedback = nullptr;

  // Of tensor `k` of the block's own; undefined: the way back is the tensor's own.
  at::Tensor Feedback(size_t k) const { return feedback == nullptr ? at::Tensor() : (*feedback)[k]; }
};

// Of one example in a training step, counted, not measured: what `even` partitions balance.
struct BlockCost {
  double flops = 0;        // of products, forward; the way back costs twice as much
  double activations = 0;  // numbers that the way back needs
};

using BlockFunction = std::function<at::Tensor(const at::Tensor& x, const BlockTensors& own, const Pass& pass)>;

struct Block {
  std::string kind;  // "residual 64 -> 128, stride 2"
  std::vector<TensorSpec> specs;
  Shape output;
  BlockCost cost;
  BlockFunction forward;
  // F of a reversible block, whose input is found again from its output (sid/network/reversible.h); null: of another one.
  BlockFunction coupling;
};

}  // namespace sid
