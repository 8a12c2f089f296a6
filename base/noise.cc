#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <c10/util/accumulate.h>

#include <numbers>

namespace sid {
namespace {

constexpr int64_t kMask = 0xffffffff;

// A bijection of 32 bits whose every output bit depends on every input bit (C. Wellons' hash prospector). Both factors are below 2^31, so
// that no product leaves 63 bits: LibTorch's integers are signed.
at::Tensor Hash(const at::Tensor& bits) {
  at::Tensor x = bits & kMask;
  x = ((x ^ at::bitwise_right_shift(x, 16)) * 0x21f0aaad) & kMask;
  x = ((x ^ at::bitwise_right_shift(x, 15)) * 0x735a2d97) & kMask;
  return x ^ at::bitwise_right_shift(x, 15);
}

}  // namespace

at::Tensor NoiseBits(uint64_t key, const at::Tensor& step, int64_t count) {
  const auto low = static_cast<int64_t>(key) & kMask, high = static_cast<int64_t>(key >> 32);
  const at::Tensor place = at::arange(count, step.options());
  return Hash(Hash(Hash(place ^ low) ^ step) ^ high);
}

at::Tensor NoiseIntegers(uint64_t key, const at::Tensor& step, int64_t below, int64_t count) {
  return at::bitwise_right_shift(NoiseBits(key, step, count) * below, 32);
}

at::Tensor NormalNoise(uint64_t key, const at::Tensor& step, at::IntArrayRef shape) {
  const int64_t count = c10::multiply_integers(shape);
  // In (0, 1), never 0; two for each number (Box and Muller 1958).
  const at::Tensor uniform = (NoiseBits(key, step, 2 * count).view({count, 2}).to(at::kDouble) + 0.5) / 4294967296.0;
  const at::Tensor radius = (-2 * uniform.select(1, 0).log()).sqrt();
  return (radius * (2 * std::numbers::pi * uniform.select(1, 1)).cos()).to(at::kFloat).view(shape);
}

}  // namespace sid
