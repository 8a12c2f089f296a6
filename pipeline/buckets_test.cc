// Buckets of gradients against the gradients, and the order in which they begin: of events, no clock.

#include "pipeline/buckets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>

namespace sid {
namespace {

// Four layers, of 36, 144, 144 and 144 weights, the second of which lies channels-last.
std::vector<at::Tensor> Weights() {
  std::vector<at::Tensor> weights{at::randn({4, 1, 3, 3}, at::kDouble)};
  for (int layer = 1; layer < 4; ++layer) weights.push_back(at::randn({4, 4, 3, 3}, at::kDouble));
  weights[1] = weights[1].contiguous(at::MemoryFormat::ChannelsLast);
  return weights;
}

std::vector<at::Tensor> Leaves(const std::vector<at::Tensor>& weights) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& weight : weights) leaves.push_back(weight.detach().requires_grad_(true));
  return leaves;
}

std::vector<at::Tensor> Gradients(const std::vector<at::Tensor>& leaves, const at::Tensor& image) {
  at::Tensor h = image;
  for (const at::Tensor& leaf : leaves) h = at::conv2d(h, leaf, {}, 1, 1).tanh();
  return torch::autograd::grad({h.square().sum()}, leaves);
}

// Sums of two ranks that have the same: what waits doubles.
struct TwiceTheSame {
  std::vector<std::string> events;
  std::vector<int64_t> sizes;

  std::function<void()> operator()(const at::Tensor& flat) {
    const size_t bucket = sizes.size();
    sizes.push_back(flat.numel());
    events.push_back("begins " + std::to_string(bucket));
    return [this, flat, bucket] {
      events.push_back("waits " + std::to_string(bucket));
      flat.mul_(2);
    };
  }
};

class BucketsTest : public testing::Test {
 protected:
  BucketsTest() : weights(Weights()), image(at::randn({1, 1, 6, 6}, at::kDouble)) {}

  std::vector<at::Tensor> weights;
  at::Tensor image;
  TwiceTheSame sums;
};

TEST_F(BucketsTest, GiveTheSumsInTheWeightsOrderAndLayoutStepAfterStep) {
  Buckets buckets(weights, 200 * 8, [&](const at::Tensor& flat) { return sums(flat); });
  EXPECT_EQ(buckets.bytes(), (36 + 3 * 144) * 8);
  for (int step = 0; step < 3; ++step) {
    const std::vector<at::Tensor> leaves = Leaves(weights), expected = Gradients(leaves, image + step);
    buckets.Watch(leaves);
    Gradients(leaves, image + step);
    const std::vector<at::Tensor> actual = buckets.Sums();
    ASSERT_EQ(actual.size(), 4u);
    for (size_t k = 0; k < 4; ++k) {
      EXPECT_TRUE(at::equal(actual[k], 2 * expected[k])) << k;
      EXPECT_EQ(actual[k].strides(), weights[k].strides()) << k;
    }
  }
}

// From the last weight on, until a bucket has its bytes.
TEST_F(BucketsTest, HaveAboutTheBytesThatAreAskedFor) {
  for (const auto& [bytes, sizes] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
           {1, {144, 144, 144, 36}}, {200 * 8, {288, 180}}, {1 << 20, {468}}}) {
    TwiceTheSame one;
    Buckets buckets(weights, bytes, [&](const at::Tensor& flat) { return one(flat); });
    buckets.Sums();
    EXPECT_EQ(one.sizes, sizes) << bytes;
  }
}

TEST_F(BucketsTest, BeginWhileTheWayBackGoesOn) {
  Buckets buckets(weights, 200 * 8, [&](const at::Tensor& flat) { return sums(flat); });
  const std::vector<at::Tensor> leaves = Leaves(weights);
  for (size_t k = 0; k < leaves.size(); ++k)
    leaves[k].register_hook([this, k](const at::Tensor&) { sums.events.push_back("gradient " + std::to_string(k)); });
  buckets.Watch(leaves);
  Gradients(leaves, image);
  buckets.Sums();
  EXPECT_EQ(sums.events, (std::vector<std::string>{"gradient 3", "gradient 2", "begins 0", "gradient 1", "gradient 0",
                                                   "begins 1", "waits 0", "waits 1"}));
}

TEST_F(BucketsTest, WithoutAWayBackAddZerosInTheSameOrder) {
  Buckets buckets(weights, 200 * 8, [&](const at::Tensor& flat) { return sums(flat); });
  const std::vector<at::Tensor> leaves = Leaves(weights);
  buckets.Watch(leaves);
  Gradients(leaves, image);
  buckets.Sums();
  for (const at::Tensor& sum : buckets.Sums()) EXPECT_EQ(sum.abs().max().item<double>(), 0);
  EXPECT_EQ(sums.sizes, (std::vector<int64_t>{288, 180, 288, 180}));
}

}  // namespace
}  // namespace sid
