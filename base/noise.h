#pragma once

// Noise that a training step draws and no checkpoint holds: a hash of what it is for, of the number of the step and of the place.
//
//   bits(place) = h(h(h(place ^ low(key)) ^ step) ^ high(key))        key = MixSeed(seed, use, ...) (base/random.h)
//
// The step's number lies on the device, so a captured step draws new numbers each time it is replayed. Integers are the same on every
// device; normal numbers are made from them by logarithm and cosine, so they are the same within rounding. More numbers than before
// begin with those from before.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sid {

// Int64 [count], each in [0, 2^32). `step`: int64, scalar; the numbers lie on its device.
at::Tensor NoiseBits(uint64_t key, const at::Tensor& step, int64_t count);

// Int64 [count], each in [0, below).
at::Tensor NoiseIntegers(uint64_t key, const at::Tensor& step, int64_t below, int64_t count);

// Of N(0, 1), float.
at::Tensor NormalNoise(uint64_t key, const at::Tensor& step, at::IntArrayRef shape);

}  // namespace sid
