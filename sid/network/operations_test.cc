#include "sid/network/operations.h"

#include <ATen/Context.h>  // for function.h
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include <vector>

#include "base/random.h"

namespace sid {
namespace {

// x, W, B and b, in float64.
struct Factors {
  at::Tensor x, weight, feedback, bias;

  Factors(at::IntArrayRef input, at::IntArrayRef product) {
    at::Generator generator = MakeGenerator(7, RandomUse::kSynthetic);
    const auto draw = [&](at::IntArrayRef shape) { return at::randn(shape, generator, at::kDouble); };
    x = draw(input).requires_grad_(true);
    weight = draw(product).requires_grad_(true);
    feedback = draw(product);
    bias = draw({product[0]}).requires_grad_(true);
  }

  // By x as if the product were with B, by W and b as it is: two plain products.
  template <typename Plain>
  void Expect(const at::Tensor& actual, const Plain& plain) const {
    const at::Tensor expected = plain(weight);
    EXPECT_TRUE(at::equal(actual, expected));
    const at::Tensor flow = expected.detach().cos();
    const std::vector<at::Tensor> of_actual = torch::autograd::grad({actual}, {x, weight, bias}, {flow});
    const std::vector<at::Tensor> of_weights = torch::autograd::grad({expected}, {weight, bias}, {flow});
    const at::Tensor by_x = torch::autograd::grad({plain(feedback)}, {x}, {flow})[0];
    EXPECT_LT((of_actual[0] - by_x).abs().max().item<double>(), 1e-12);
    for (size_t k = 0; k < 2; ++k) EXPECT_LT((of_actual[k + 1] - of_weights[k]).abs().max().item<double>(), 1e-12) << k;
  }
};

TEST(Linear, GoesBackThroughItsFeedback) {
  for (const std::vector<int64_t>& input : {std::vector<int64_t>{5, 4}, std::vector<int64_t>{2, 3, 4}}) {
    const Factors f(input, {6, 4});
    f.Expect(Linear(f.x, f.weight, f.bias, f.feedback),
             [&](const at::Tensor& weight) { return at::linear(f.x, weight, f.bias); });
  }
}

TEST(Convolve, GoesBackThroughItsFeedback) {
  for (const auto& [stride, padding] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {2, 1}, {3, 0}}) {
    const Factors f({2, 4, 9, 9}, {6, 4, 3, 3});
    f.Expect(Convolve(f.x, f.weight, f.bias, stride, padding, f.feedback),
             [&, stride = stride, padding = padding](const at::Tensor& weight) {
               return at::conv2d(f.x, weight, f.bias, stride, padding);
             });
  }
}

TEST(Products, WithoutFeedbackAreThePlainOnes) {
  const Factors f({5, 4}, {6, 4});
  const at::Tensor y = Linear(f.x, f.weight, f.bias);
  EXPECT_EQ(y.grad_fn()->name(), "AddmmBackward0");
}

// Images are no leaves: nothing is computed for them.
TEST(Products, GoBackToWhatTakesAGradient) {
  const Factors f({2, 4, 9, 9}, {6, 4, 3, 3});
  const at::Tensor y = Convolve(f.x.detach(), f.weight, {}, 1, 1, f.feedback);
  EXPECT_EQ(torch::autograd::grad({y.sum()}, {f.weight})[0].sizes(), f.weight.sizes());
}

}  // namespace
}  // namespace sid
