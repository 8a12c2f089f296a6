#include "base/noise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/scalar_tensor.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace sid {
namespace {

constexpr uint64_t kKey = 0x0123456789abcdef;
constexpr int64_t kCount = 100'000;

at::Tensor Step(int64_t step) { return at::scalar_tensor(step, at::kLong); }
// In units of what it deviates by where x and y are independent.
double Correlation(const at::Tensor& x, const at::Tensor& y) {
  return ((x - x.mean()) * (y - y.mean())).mean().div(x.std() * y.std()).item<double>() * std::sqrt(x.numel());
}

TEST(NormalNoise, IsOfNormalNumbers) {
  const at::Tensor x = NormalNoise(kKey, Step(3), {kCount}).to(at::kDouble);
  const double slack = 4 / std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(x.mean().item<double>(), 0, slack);
  EXPECT_NEAR(x.square().mean().item<double>(), 1, 1.5 * slack);
  EXPECT_NEAR(x.pow(3).mean().item<double>(), 0, 4 * slack);
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3, 10 * slack);
  EXPECT_NEAR(x.lt(1).to(at::kDouble).mean().item<double>(), 0.841345, slack);
}

TEST(NormalNoise, DependsOnKeyStepAndPlaceAlone) {
  const at::Tensor x = NormalNoise(kKey, Step(3), {50, 20});
  EXPECT_TRUE(at::equal(x, NormalNoise(kKey, Step(3), {50, 20})));
  EXPECT_TRUE(at::equal(x, NormalNoise(kKey, Step(3), {70, 20}).slice(0, 0, 50)));
  EXPECT_FALSE(at::equal(x, NormalNoise(kKey, Step(4), {50, 20})));
}

// Neighbours of every kind: steps, places, the low and the high half of keys.
TEST(NormalNoise, NeighboursAreIndependent) {
  const at::Tensor x = NormalNoise(kKey, Step(3), {kCount});
  for (const at::Tensor& other : {NormalNoise(kKey, Step(4), {kCount}), NormalNoise(kKey + 1, Step(3), {kCount}),
                                  NormalNoise(kKey + (uint64_t{1} << 32), Step(3), {kCount}),
                                  NormalNoise(MixSeed(1, RandomUse::kDenoising), Step(3), {kCount})}) {
    EXPECT_LT(std::abs(Correlation(x, other)), 4);
    EXPECT_LT(std::abs(Correlation(x.square(), other.square())), 4);
  }
  EXPECT_LT(std::abs(Correlation(x.slice(0, 1), x.slice(0, 0, -1))), 4);
}

TEST(NoiseIntegers, FallOnEachNumberAlike) {
  const at::Tensor counts = at::bincount(NoiseIntegers(kKey, Step(0), 7, kCount), {}, 7).to(at::kDouble);
  EXPECT_EQ(counts.numel(), 7);
  const double expected = static_cast<double>(kCount) / 7;
  EXPECT_LT((counts - expected).abs().max().item<double>(), 4.5 * std::sqrt(expected));
}

}  // namespace
}  // namespace sid
