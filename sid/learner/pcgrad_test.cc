#include "sid/learner/pcgrad.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace sid {
namespace {

// The algorithm as the header states it, on the vectors themselves.
at::Tensor Literally(const at::Tensor& gradients) {
  const int64_t depth = gradients.size(0);
  const at::Tensor flat = gradients.flatten(1);
  at::Tensor sum = at::zeros_like(flat[0]);
  for (int64_t i = 0; i < depth; ++i) {
    at::Tensor v = flat[i].clone();
    for (int64_t k = 1; k < depth; ++k) {
      const at::Tensor other = flat[(i + k) % depth];
      const double along = at::dot(v, other).item<double>();
      if (along < 0) v = v - along / at::dot(other, other).item<double>() * other;
    }
    sum = sum + v;
  }
  return sum.view_as(gradients[0]);
}

TEST(Pcgrad, IsTheAlgorithmOnTheVectors) {
  at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
  for (const int64_t depth : {1, 2, 3, 7, 16}) {
    // Few dimensions, so that many pairs are opposed.
    const at::Tensor gradients = at::randn({depth, 2, 2}, generator, at::kDouble);
    EXPECT_TRUE(at::allclose(CombineByPcgrad(gradients), Literally(gradients), 1e-10, 1e-12)) << "depth " << depth;
  }
}

TEST(Pcgrad, TakesOutWhatIsOpposedAndKeepsTheRest) {
  const at::Tensor opposed = at::tensor({1.0, 1.0, /**/ -1.0, 1.0}, at::kDouble).view({2, 1, 2});
  EXPECT_TRUE(at::allclose(CombineByPcgrad(opposed), opposed.sum(0)));  // at right angles: nothing opposed
  const at::Tensor half = at::tensor({1.0, 0.0, /**/ -1.0, 1.0}, at::kDouble).view({2, 1, 2});
  // (1,0) loses its part along (-1,1): (1/2, 1/2); (-1,1) loses its part along (1,0): (0, 1).
  EXPECT_TRUE(at::allclose(CombineByPcgrad(half), at::tensor({0.5, 1.5}, at::kDouble).view({1, 2})));
  const at::Tensor nothing = at::tensor({0.0, 0.0, /**/ -1.0, 1.0}, at::kDouble).view({2, 1, 2});
  EXPECT_TRUE(at::allclose(CombineByPcgrad(nothing), nothing.sum(0)));
}

TEST(Pcgrad, LeavesNoConflictBetweenTwo) {
  at::Generator generator = MakeGenerator(4, RandomUse::kSynthetic);
  const at::Tensor first = at::randn({3, 4}, generator, at::kDouble);
  const at::Tensor second = at::randn({3, 4}, generator, at::kDouble) - 2 * first;
  const at::Tensor combined = CombineByPcgrad(at::stack({first, second}));
  EXPECT_GE((combined * first).sum().item<double>(), 0);
  EXPECT_GE((combined * second).sum().item<double>(), 0);
}

}  // namespace
}  // namespace sid
