#include "baselines/hsic_bottleneck.h"

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "baselines/peers_for_tests.h"

namespace sid {
namespace {

at::Tensor Normal(at::IntArrayRef shape, uint64_t number) {
  at::Generator generator = MakeGenerator(kTestSeed, RandomUse::kSynthetic, {number});
  return at::randn(shape, generator, at::kDouble);
}

double Kernel(const at::Tensor& u, int64_t i, int64_t j) {
  return std::exp(-(u[i] - u[j]).square().sum().item<double>() / (2.0 * 25 * static_cast<double>(u.size(1))));
}

// The estimator as Gretton et al. state it first: three expectations over pairs, triples and quadruples.
double NaiveHsic(const at::Tensor& u, const at::Tensor& v) {
  const int64_t size = u.size(0);
  const auto n = static_cast<double>(size);
  double pairs = 0, triples = 0, sum_u = 0, sum_v = 0;
  for (int64_t i = 0; i < size; ++i) {
    double row_u = 0, row_v = 0;
    for (int64_t j = 0; j < size; ++j) {
      pairs += Kernel(u, i, j) * Kernel(v, i, j);
      row_u += Kernel(u, i, j);
      row_v += Kernel(v, i, j);
    }
    triples += row_u * row_v;
    sum_u += row_u;
    sum_v += row_v;
  }
  return (pairs - 2 * triples / n + sum_u * sum_v / (n * n)) / ((n - 1) * (n - 1));
}

// Its identity.
TEST(Hsic, EqualsTheNaiveDoubleLoop) {
  const at::Tensor u = Normal({9, 3}, 1), v = u.slice(1, 0, 2).square() + 0.1 * Normal({9, 2}, 2);
  EXPECT_NEAR(Hsic(u, v).item<double>(), NaiveHsic(u, v), 1e-14);
  EXPECT_GT(Hsic(u, v).item<double>(), 0);
}

// Of independent inputs it is zero but for the sampling error, which shrinks with 1 / B; of dependent ones it stays.
TEST(Hsic, OfIndependentInputsVanishes) {
  const at::Tensor u = Normal({1000, 2}, 3), v = Normal({1000, 2}, 4);
  const double dependent = Hsic(u, u.sin() + 0.1 * v).item<double>();
  EXPECT_LT(Hsic(u, v).item<double>(), 0.02 * dependent);
  EXPECT_LT(Hsic(u, v).item<double>(), 0.3 * Hsic(u.slice(0, 0, 100), v.slice(0, 0, 100)).item<double>());
}

// With H K H in its eigenvectors: R has the eigenvalues l / (l + eps B). K H and H K H have the same ones.
TEST(NormalisedHsic, IsTheSumOfSquaredNormalisedCorrelations) {
  const at::Tensor u = Normal({8, 3}, 5), v = u.slice(1, 0, 1) + Normal({8, 1}, 6);
  const auto normalised = [](const at::Tensor& x) {
    const at::Tensor kernel = CentredKernel(x), centred = kernel - kernel.mean(0, /*keepdim=*/true);
    const auto [values, vectors] = at::linalg_eigh((centred + centred.t()) / 2);
    return at::mm(vectors * (values / (values + 1e-5 * 8)), vectors.t());
  };
  const double expected = (normalised(u) * normalised(v)).sum().item<double>();
  const double actual =
      NormalisedHsic(NormalisedKernel(CentredKernel(u)), NormalisedKernel(CentredKernel(v))).item<double>();
  EXPECT_NEAR(actual, expected, 1e-8 * expected);
}

// Why: with more numbers than images nHSIC hardly tells dependent features from independent ones.
TEST(NormalisedHsic, OfMoreNumbersThanImagesSaysLittle) {
  const int64_t size = 32;
  const auto share = [&](int64_t numbers) {
    const at::Tensor y = at::zeros({size, 2}, at::kDouble), noise = Normal({size, numbers}, 8);
    y.slice(0, 0, size / 2).select(1, 0).fill_(1);
    y.slice(0, size / 2).select(1, 1).fill_(1);
    const auto between = [&](const at::Tensor& u) {
      return NormalisedHsic(NormalisedKernel(CentredKernel(u)), NormalisedKernel(CentredKernel(y))).item<double>();
    };
    return between(noise) / between(noise + 3 * y.select(1, 0).unsqueeze(1));
  };
  EXPECT_GT(share(1000), 0.95);
  EXPECT_LT(share(4), 0.6);
}

std::unique_ptr<Learner> Make(const Network& network) {
  return MakeHsicBottleneckLearner(CloneTo(network, at::kCPU, at::kDouble), {}, kPlainDescent);
}

// Its isolation: what a block learns depends neither on those after it nor on the head.
TEST(HsicBottleneck, BlocksDoNotDependOnThoseAfterThem) {
  for (const std::string name : {"mlp", "resnet9"}) {
    const Network network = TestNetwork(name);
    const TensorsByName before = GradientsSeenInAStep(*Make(network), TestBatch());
    const Network head = CloneTo(network, at::kCPU, at::kDouble), block = CloneTo(network, at::kCPU, at::kDouble);
    head.stages[0].heads.feature_weight.mul_(2);
    EXPECT_EQ(Owners(before, GradientsSeenInAStep(*Make(head), TestBatch())), std::vector<std::string>{"heads.1"});
    block.stages[0].tensors[1][0].mul_(1.5);
    const std::vector<std::string> owners = Owners(before, GradientsSeenInAStep(*Make(block), TestBatch()), 1e-9);
    if (name == "mlp") {
      EXPECT_EQ(owners, (std::vector<std::string>{"blocks.2", "blocks.3", "heads.1"}));
    }
    EXPECT_NE(owners.front(), "blocks.1") << name;
  }
}

// Of means over positions, standardised.
TEST(HsicBottleneck, ABlockFollowsItsOwnObjective) {
  const Batch batch = TestBatch();
  at::Tensor y = at::zeros({kTestBatch, kTestClasses}, at::kDouble);
  for (int64_t i = 0; i < kTestBatch; ++i) y[i][batch.labels[i].item<int64_t>()] = 1;
  const auto between = [](const at::Tensor& u, const at::Tensor& v) {
    return NormalisedHsic(NormalisedKernel(CentredKernel(u)), NormalisedKernel(CentredKernel(v)));
  };
  for (const std::string name : {"mlp", "simple-cnn", "vit-tiny"}) {
    const Network network = TestNetwork(name);
    const TensorsByName actual = GradientsSeenInAStep(*Make(network), batch);
    const Stage leaves = WithLeaves(network.stages[0]);
    const at::Tensor h = leaves.blocks[0].forward(batch.images, leaves.tensors[0], {});
    const at::Tensor means = name == "mlp" ? h : name == "vit-tiny" ? h.mean(1) : h.flatten(2).mean(2);
    const at::Tensor u = (means - means.mean(0)) / (means.var(0, /*unbiased=*/false) + 1e-5).sqrt();
    const at::Tensor loss = between(u, batch.images) - 500 * between(u, y);
    const std::string weight = network.stages[0].blocks[0].specs[0].name;
    // The kernels' inverse, of condition 1 / eps, enlarges rounding.
    EXPECT_LT(Difference(actual.at("blocks.1." + weight), torch::autograd::grad({loss}, {leaves.tensors[0][0]})[0]),
              1e-6)
        << name;
  }
}

}  // namespace
}  // namespace sid
