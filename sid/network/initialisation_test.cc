#include "sid/network/initialisation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

at::Tensor Images() {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  return at::randn({32, 3, 16, 16}, generator, at::kFloat);
}

Network Make(Initialisation initialisation, uint64_t seed, int64_t depth = 3,
             BeliefUpdate belief_update = BeliefUpdate::kReplace) {
  Network network = EmptyNetwork({.depth = depth, .belief_update = belief_update});
  Initialise(initialisation, seed, Images(), network);
  return network;
}

TEST(Initialisation, SameSeedSameBitsOtherSeedOthers) {
  for (const std::string& name : InitialisationNames()) {
    const Initialisation initialisation = ParseInitialisation(name).value();
    const auto a = Tensors(Make(initialisation, 1)), b = Tensors(Make(initialisation, 1)),
               c = Tensors(Make(initialisation, 2));
    for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << name << " " << i;
    EXPECT_FALSE(at::equal(a[0], c[0])) << name;
  }
}

TEST(Initialisation, AShallowNetworkIsTheBeginningOfADeepOne) {
  const Network shallow = Make(Initialisation::kPyTorch, 1, 2), deep = Make(Initialisation::kPyTorch, 1, 5);
  EXPECT_TRUE(at::equal(shallow.stages[0].heads.feature_weight, deep.stages[0].heads.feature_weight.slice(0, 0, 2)));
}

TEST(Initialisation, MomentsAreTheSchemes) {
  const double fan_in = 10 + 128, fan_out = 256;
  auto deviation = [](Initialisation i) { return Make(i, 1).stages[0].heads.feature_weight.std().item<double>(); };
  EXPECT_NEAR(deviation(Initialisation::kPyTorch), 1 / std::sqrt(3 * fan_in), 0.01 / std::sqrt(fan_in));
  EXPECT_NEAR(deviation(Initialisation::kKaiming), std::sqrt(2 / fan_in), 0.01 * std::sqrt(2 / fan_in));
  EXPECT_NEAR(deviation(Initialisation::kXavier), std::sqrt(2 / (fan_in + fan_out)), 0.01 / std::sqrt(fan_in));
  EXPECT_EQ(Make(Initialisation::kKaiming, 1).stages[0].heads.hidden_bias.abs().max().item<double>(), 0);
}

TEST(Initialisation, LsuvGivesUnitVarianceAtEveryLayer) {
  for (const BeliefUpdate belief_update : {BeliefUpdate::kReplace, BeliefUpdate::kResidual}) {
    const Network network = Make(Initialisation::kLsuv, 1, 3, belief_update);
    const Stage& stage = network.stages[0];
    at::Tensor x = Images();
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      EXPECT_NEAR(PreActivation(x, stage.tensors[b][0], stage.tensors[b][1]).std().item<double>(), 1, 1e-3);
      x = stage.blocks[b].forward(x, stage.tensors[b], {});
    }
    const std::vector<at::Tensor> log_beliefs = Beliefs(stage.heads, x, UniformBelief(32, 10, x.options()));
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(stage.heads.at(i).Output(log_beliefs[i], x).std().item<double>(), 1, 1e-3);
    }
  }
}

TEST(Initialisation, IdentityStartsEveryModuleAtTheUniformBelief) {
  const at::Tensor log_beliefs = Predict(Make(Initialisation::kIdentity, 1), Images());
  EXPECT_LT((log_beliefs + std::log(10)).abs().max().item<double>(), 1e-6);
}

TEST(Initialisation, UnknownNameSuggestsTheNearest) {
  EXPECT_NE(ParseInitialisation("kaming").status().message().find("'kaiming'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
