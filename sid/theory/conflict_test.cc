#include "sid/theory/conflict.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/network/initialisation.h"
#include "sid/network/network.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 13;
constexpr int64_t kDepth = 3, kClasses = 5, kFeatures = 8, kBatch = 6;

class ModuleGradientsTest : public testing::TestWithParam<Divergence> {};

// Each module's loss in a graph of its own, as sid/learner/serial.h has it.
TEST_P(ModuleGradientsTest, AreAutograds) {
  Network network = EmptyNetwork({.classes = kClasses, .depth = kDepth, .features = kFeatures, .hidden = 9});
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  const Cascade cascade = CloneTo(network, at::kCPU, at::kDouble).cascade;
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  const at::Tensor z = at::randn({kBatch, kFeatures}, generator, at::kDouble);
  const at::Tensor log_y =
      TargetBelief(at::randint(kClasses, {kBatch}, generator, at::kLong), kClasses, 0.1, at::kDouble);
  const std::vector<double> alphas{0.9, 0.5, 0.2};
  const at::Tensor log_beliefs = at::stack(Beliefs(cascade, z));
  const ModuleGradients actual = GradientsByModule(cascade, GetParam(), alphas, z, log_y, log_beliefs);
  for (int64_t i = 0; i < kDepth; ++i) {
    const Module leaves = cascade.at(i).Leaves();
    const at::Tensor leaf = z.detach().clone().requires_grad_(true);
    std::vector<at::Tensor> inputs = leaves.Weights();
    inputs.push_back(leaf);
    const at::Tensor loss =
        LocalLoss(GetParam(), alphas[i], log_y, log_beliefs[i], BeliefOf(leaves.Forward(log_beliefs[i], leaf))).mean();
    std::vector<at::Tensor> expected = torch::autograd::grad({loss}, inputs);
    EXPECT_LT((actual.features[i] - expected.back()).abs().max().item<double>(), 1e-14) << "seed " << kSeed;
    expected.pop_back();
    double squares = 0;
    for (const at::Tensor& gradient : expected) squares += gradient.square().sum().item<double>();
    EXPECT_NEAR(actual.norm[i].item<double>(), std::sqrt(squares), 1e-14);
    EXPECT_GT(actual.active[i].item<double>(), 0.5);
  }
}

INSTANTIATE_TEST_SUITE_P(Both, ModuleGradientsTest, testing::Values(Divergence::kForward, Divergence::kReverse));

at::Tensor Vectors(const std::vector<double>& values, int64_t depth) {
  return at::tensor(values, at::kDouble).view({depth, 1, -1});
}

TEST(Conflict, IsTheGeometryOfThreeVectors) {
  const Conflict conflict = CompareGradients(Vectors({3, 0, /**/ 0, 4, /**/ -5, 0}, 3));
  EXPECT_EQ(conflict.norm, (std::vector<double>{3, 4, 5}));
  EXPECT_NEAR(conflict.cosine[0][1], 0, 1e-15);
  EXPECT_NEAR(conflict.cosine[0][2], -1, 1e-15);
  EXPECT_NEAR(conflict.mean_cosine, -1.0 / 3, 1e-15);
  EXPECT_NEAR(conflict.lowest_cosine, -1, 1e-15);
  EXPECT_NEAR(conflict.opposed, 1.0 / 3, 1e-15);
  EXPECT_NEAR(conflict.agreement, std::sqrt(20.0) / 12, 1e-15);
}

TEST(Conflict, EndsOfItsRange) {
  EXPECT_NEAR(CompareGradients(Vectors({1, 2, /**/ 2, 4}, 2)).agreement, 1, 1e-15);
  EXPECT_NEAR(CompareGradients(Vectors({1, 2, /**/ -1, -2}, 2)).agreement, 0, 1e-15);
  const Conflict nothing = CompareGradients(Vectors({0, 0, /**/ 1, 0}, 2));
  EXPECT_EQ(nothing.lowest_cosine, 0);
  EXPECT_EQ(nothing.agreement, 1);
  EXPECT_EQ(CompareGradients(Vectors({1, 2}, 1)).mean_cosine, 0);
}

}  // namespace
}  // namespace sid
