#include "sid/optimizer/optimizer.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace sid {
namespace {

constexpr double kLearningRate = 0.1, kDecay = 0.3;

at::Tensor Scalar(double value) { return at::scalar_tensor(value, at::kDouble); }

at::Tensor Random(at::IntArrayRef shape, uint64_t number) {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic, {number});
  return at::randn(shape, generator, at::kDouble);
}

// The rules as their papers state them, one tensor, scalar formulas.
at::Tensor Reference(OptimizerRule rule, at::Tensor w, bool decays, int64_t steps) {
  const double decay = decays ? kDecay : 0;
  w = w.clone();
  at::Tensor m = at::zeros_like(w), v = at::zeros_like(w);
  for (int64_t step = 1; step <= steps; ++step) {
    at::Tensor g = Random(w.sizes(), step);
    if (rule == OptimizerRule::kAdam) g = g + decay * w;
    if (rule != OptimizerRule::kAdam) w = w * (1 - kLearningRate * decay);
    if (rule == OptimizerRule::kSgd) {
      m = 0.9 * m + g;
      w = w - kLearningRate * (g + 0.9 * m);
      continue;
    }
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w = w - kLearningRate * (m / (1 - std::pow(0.9, step))) / ((v / (1 - std::pow(0.999, step))).sqrt() + 1e-8);
  }
  return w;
}

TEST(Optimizer, FollowsThePapersRules) {
  for (const std::string& name : OptimizerNames()) {
    const OptimizerRule rule = ParseOptimizer(name).value();
    const at::Tensor weight = Random({4, 3}, 100), bias = Random({3}, 101);
    const at::Tensor expected_weight = Reference(rule, weight, true, 3),
                     expected_bias = Reference(rule, bias, false, 3);
    Optimizer optimizer({{"weight", weight}, {"bias", bias, Role::kBias}}, {.rule = rule, .weight_decay = kDecay});
    for (int64_t step = 1; step <= 3; ++step) {
      optimizer.Step({Random({4, 3}, step), Random({3}, step)}, Scalar(kLearningRate));
    }
    EXPECT_TRUE(at::allclose(weight, expected_weight, 1e-9, 1e-11)) << name;
    EXPECT_TRUE(at::allclose(bias, expected_bias, 1e-9, 1e-11)) << name;
  }
}

// The fused kernels walk memory in order: a gradient of another layout must not be applied crosswise.
TEST(Optimizer, LayoutsOfGradientsDoNotMatter) {
  const at::Tensor gradient = Random({2, 3, 3, 3}, 1);
  const at::Tensor plain = Random({2, 3, 3, 3}, 2);
  const at::Tensor channels_last = plain.clone(at::MemoryFormat::ChannelsLast);
  for (const at::Tensor& weight : {plain, channels_last}) {
    Optimizer optimizer({{"weight", weight}}, {.rule = OptimizerRule::kAdam});
    optimizer.Step({gradient}, Scalar(kLearningRate));
  }
  EXPECT_TRUE(at::equal(plain, channels_last));
}

TEST(Optimizer, OnAGpuTheLearningRateLiesThereInAnyType) {
  if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  for (const std::string& name : OptimizerNames()) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      const at::Tensor expected = Random({4, 3}, 100), weight = expected.to(at::Device(at::kCUDA, 0));
      const OptimizerOptions options{.rule = ParseOptimizer(name).value(), .weight_decay = kDecay};
      const auto step = [&](const at::Tensor& of, const at::Tensor& rate) {
        Optimizer({{"weight", of}}, options).Step({Random({4, 3}, 1).to(of.device())}, rate);
      };
      step(expected, Scalar(kLearningRate));
      step(weight, Scalar(kLearningRate).to(weight.device(), type));
      EXPECT_TRUE(at::allclose(weight.cpu(), expected, 1e-6, 1e-7)) << name << ' ' << type;
    }
  }
}

TEST(Optimizer, ClipsByTheNormOfAllGradientsTogether) {
  const at::Tensor a = at::full({4}, 0.0, at::kDouble), b = at::full({1}, 0.0, at::kDouble);
  Optimizer optimizer({{"a", a}, {"b", b, Role::kBias}}, {.rule = OptimizerRule::kSgd, .momentum = 0, .clip_norm = 1});
  optimizer.Step({at::full({4}, 3.0, at::kDouble), at::full({1}, 8.0, at::kDouble)},
                 Scalar(1));  // norm sqrt(4 * 9 + 64) = 10
  EXPECT_NEAR(a[0].item<double>(), -0.3, 1e-6);
  EXPECT_NEAR(b[0].item<double>(), -0.8, 1e-6);
  optimizer.Step({at::full({4}, 0.1, at::kDouble), at::full({1}, 0.1, at::kDouble)}, Scalar(1));  // below 1: untouched
  EXPECT_NEAR(a[0].item<double>(), -0.4, 1e-6);
}

}  // namespace
}  // namespace sid
