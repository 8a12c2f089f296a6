#include "sid/belief/divergence.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <tuple>

#include "base/random.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 20260;

double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

struct Case {
  at::Tensor logits, log_y, log_q;  // [B, C]
};

Case MakeCase(int64_t classes, double smoothing, double scale, at::ScalarType type) {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic, {static_cast<uint64_t>(classes)});
  const auto options = at::TensorOptions().dtype(type);
  const int64_t batch = 7;
  return {scale * at::randn({batch, classes}, generator, options),
          TargetBelief(at::randint(classes, {batch}, generator, at::kLong), classes, smoothing, type),
          BeliefOf(scale * at::randn({batch, classes}, generator, options))};
}

class DivergenceTest : public testing::TestWithParam<std::tuple<Divergence, int64_t, double, double>> {
 protected:
  Divergence divergence() const { return std::get<0>(GetParam()); }
  int64_t classes() const { return std::get<1>(GetParam()); }
  double alpha() const { return std::get<2>(GetParam()); }
  double smoothing() const { return std::get<3>(GetParam()); }
  bool Defined() const { return divergence() == Divergence::kForward || smoothing() > 0; }
};

TEST_P(DivergenceTest, GradientByLogitsIsAutograds) {
  if (!Defined()) GTEST_SKIP() << "reverse needs a smoothed target";
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  Case c = MakeCase(classes(), smoothing(), /*scale=*/2, at::kDouble);
  c.logits.requires_grad_(true);
  const at::Tensor loss = LocalLoss(divergence(), alpha(), c.log_y, c.log_q, BeliefOf(c.logits)).sum();
  const at::Tensor expected = torch::autograd::grad({loss}, {c.logits})[0];
  const at::Tensor actual = LogitsGradient(divergence(), alpha(), c.log_y, c.log_q, BeliefOf(c.logits.detach()));
  EXPECT_LT(RelativeError(actual, expected), 1e-10);
}

TEST_P(DivergenceTest, LossIsTheDefinition) {
  if (!Defined()) GTEST_SKIP() << "reverse needs a smoothed target";
  const Case c = MakeCase(classes(), smoothing(), /*scale=*/2, at::kDouble);
  const at::Tensor p = c.logits.softmax(-1), y = c.log_y.exp(), q = c.log_q.exp();
  const at::Tensor actual = LocalLoss(divergence(), alpha(), c.log_y, c.log_q, BeliefOf(c.logits));
  auto kl = [&](const double* t, const double* u) {
    double sum = 0;
    for (int64_t k = 0; k < classes(); ++k) sum += t[k] == 0 ? 0 : t[k] * std::log(t[k] / u[k]);
    return sum;
  };
  for (int64_t b = 0; b < p.size(0); ++b) {
    const double* pb = p[b].data_ptr<double>();
    const double* yb = y[b].data_ptr<double>();
    const double* qb = q[b].data_ptr<double>();
    const bool forward = divergence() == Divergence::kForward;
    const double expected =
        forward ? alpha() * kl(yb, pb) + (1 - alpha()) * kl(qb, pb) : alpha() * kl(pb, yb) + (1 - alpha()) * kl(pb, qb);
    EXPECT_NEAR(actual[b].item<double>(), expected, 1e-10 * (1 + std::abs(expected)));
  }
}

TEST_P(DivergenceTest, NothingIsBelowTheMinimiser) {
  if (!Defined()) GTEST_SKIP() << "reverse needs a smoothed target";
  const Case c = MakeCase(classes(), smoothing(), /*scale=*/2, at::kDouble);
  const at::Tensor log_m = LogMinimiser(divergence(), alpha(), c.log_y, c.log_q);
  EXPECT_TRUE((log_m.exp().sum(-1) - 1).abs().max().item<double>() < 1e-12);
  const at::Tensor least = LocalLoss(divergence(), alpha(), c.log_y, c.log_q, log_m.clamp_min(-700));
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kOrder);
  for (const double size : {1e-3, 1e-1, 1.0}) {
    const at::Tensor moved =
        BeliefOf(log_m.clamp_min(-700) + size * at::randn(log_m.sizes(), generator, log_m.options()));
    const at::Tensor loss = LocalLoss(divergence(), alpha(), c.log_y, c.log_q, moved);
    EXPECT_TRUE((loss >= least - 1e-12).all().item<bool>()) << "perturbed by " << size;
  }
}

// The range, at its ends: one class far above, far below, ties, and everything between.
TEST_P(DivergenceTest, FiniteInFloatForLogitsUpToTenThousand) {
  if (!Defined()) GTEST_SKIP() << "reverse needs a smoothed target";
  for (const double scale : {0.0, 1.0, 1e2, 1e4}) {
    Case c = MakeCase(classes(), smoothing(), scale, at::kFloat);
    const at::Tensor log_p = BeliefOf(c.logits.clamp(-1e4, 1e4));
    const at::Tensor log_q = BeliefOf(-c.logits.clamp(-1e4, 1e4));  // the teacher sure of the opposite
    EXPECT_TRUE(at::isfinite(LocalLoss(divergence(), alpha(), c.log_y, log_q, log_p)).all().item<bool>()) << scale;
    EXPECT_TRUE(at::isfinite(LogitsGradient(divergence(), alpha(), c.log_y, log_q, log_p)).all().item<bool>()) << scale;
    EXPECT_FALSE(LogMinimiser(divergence(), alpha(), c.log_y, log_q).isnan().any().item<bool>()) << scale;
    at::Tensor logits = c.logits.clamp(-1e4, 1e4).requires_grad_(true);
    const at::Tensor loss = LocalLoss(divergence(), alpha(), c.log_y, log_q, BeliefOf(logits)).sum();
    EXPECT_TRUE(at::isfinite(torch::autograd::grad({loss}, {logits})[0]).all().item<bool>()) << scale;
  }
}

// All modules at once, in another order of summation, as the definitions do module by module.
TEST_P(DivergenceTest, ManyModulesAtOnceAreEachByItself) {
  if (!Defined()) GTEST_SKIP() << "reverse needs a smoothed target";
  constexpr int64_t kModules = 4;
  const Case c = MakeCase(classes(), smoothing(), /*scale=*/2, at::kDouble);
  const at::Tensor scales = at::arange(1, kModules + 2, at::kDouble).view({-1, 1, 1});
  const at::Tensor log_beliefs = BeliefOf(scales * c.logits);
  const at::Tensor alphas = alpha() / at::arange(1, kModules + 1, at::kDouble);
  const auto [losses, gradients] = EvaluateLocalLosses(divergence(), alphas, c.log_y, log_beliefs, log_beliefs.exp());
  for (int64_t i = 0; i < kModules; ++i) {
    const double own = alphas[i].item<double>();
    const at::Tensor log_q = log_beliefs[i], log_p = log_beliefs[i + 1];
    EXPECT_LT(RelativeError(losses[i], LocalLoss(divergence(), own, c.log_y, log_q, log_p)), 1e-12) << i;
    EXPECT_LT(RelativeError(gradients[i], LogitsGradient(divergence(), own, c.log_y, log_q, log_p)), 1e-12) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DivergenceTest,
                         testing::Combine(testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(2, 10, 1000), testing::Values(0.1, 0.5, 1.0),
                                          testing::Values(0.0, 0.1)));

// The closed form that the theory rests on: at the minimiser the error shrinks by 1 - a.
TEST(Minimiser, ContractsTheErrorByOneMinusAlpha) {
  const Case c = MakeCase(/*classes=*/10, /*smoothing=*/0, /*scale=*/1, at::kDouble);
  const at::Tensor label = c.log_y.argmax(-1, /*keepdim=*/true);
  const at::Tensor before = 1 - c.log_q.exp().gather(1, label);
  const at::Tensor after = 1 - LogMinimiser(Divergence::kForward, 0.3, c.log_y, c.log_q).exp().gather(1, label);
  EXPECT_LT(RelativeError(after, 0.7 * before), 1e-12);
}

TEST(ParseDivergence, SuggestsTheNearest) {
  EXPECT_EQ(ParseDivergence("reverse").value(), Divergence::kReverse);
  EXPECT_NE(ParseDivergence("foward").status().message().find("did you mean 'forward'"), absl::string_view::npos);
}

TEST(TargetBelief, IsSmoothedOneHot) {
  const at::Tensor labels = at::arange(3, at::kLong);
  const at::Tensor y = TargetBelief(labels, 4, 0.2, at::kDouble).exp();
  EXPECT_NEAR(y[1][1].item<double>(), 0.85, 1e-12);
  EXPECT_NEAR(y[1][3].item<double>(), 0.05, 1e-12);
  EXPECT_EQ(TargetBelief(labels, 4, 0, at::kFloat).exp()[2][0].item<float>(), 0);
}

}  // namespace
}  // namespace sid
