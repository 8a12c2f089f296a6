// What learners have in common: where two names mean the same mathematics, they move the same weights.

#include "baselines/learners.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numbers>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 17;

Network MakeNetwork(const std::string& name, const Partition& partition, const HeadShape& head, at::ScalarType type) {
  const ArchitectureOptions options{
      .name = name, .image = {3, 16, 16}, .width = name == "vit-tiny" ? 64 : 4, .features = 12};
  Network network = EmptyNetwork(MakeArchitecture(options).value(), partition, head, /*classes=*/10);
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  return CloneTo(network, at::kCPU, type);
}

// Every weight and statistic after five steps.
std::vector<at::Tensor> Train(const std::string& learner, const Network& network, const LearnerOptions& options) {
  const auto made = MakeLearner(learner, network, options).value();
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  PhaseTimer untimed;
  for (int step = 0; step < 5; ++step) {
    const at::Tensor images = at::randn({8, 3, 16, 16}, generator, at::kDouble).to(network.type());
    made->Step({images, at::randint(10, {8}, generator, at::kLong)}, 0.01, untimed);
  }
  return Tensors(Weights(*made));
}

const HeadShape kBlind{.hidden = 12, .belief_input = false};

class Equality : public testing::TestWithParam<std::string> {};

TEST_P(Equality, DglIsSidOfAlphaOneWithoutBeliefsToTheBit) {
  const Architecture architecture =
      MakeArchitecture({.name = GetParam(), .image = {3, 16, 16}, .width = GetParam() == "vit-tiny" ? 64 : 4}).value();
  const Partition split = ParsePartition("even:3", 0, architecture.blocks).value();
  for (const HeadKind kind : {HeadKind::kMlp, HeadKind::kConv}) {
    const HeadShape head{.kind = kind, .hidden = 12, .belief_input = false};
    const auto make = [&] { return MakeNetwork(GetParam(), split, head, at::kFloat); };
    const std::vector<at::Tensor> dgl = Train("dgl", make(), {.sid = {.alphas = {0.5, 0.5, 0.5}}}),
                                  sid = Train("sid", make(), {.sid = {.alphas = {1, 1, 1}}});
    for (size_t k = 0; k < sid.size(); ++k) EXPECT_TRUE(at::equal(dgl[k], sid[k])) << k;
  }
}

// One module that owns everything, its target alone in its loss: backpropagation.
TEST_P(Equality, OneModuleIsBackpropagation) {
  const Architecture architecture =
      MakeArchitecture({.name = GetParam(), .image = {3, 16, 16}, .width = GetParam() == "vit-tiny" ? 64 : 4}).value();
  const Partition whole{static_cast<int64_t>(architecture.blocks.size())};
  LearnerOptions options{.sid = {.alphas = {1}, .smoothing = 0.1}};
  options.optimizer.rule = OptimizerRule::kSgd;
  const std::vector<at::Tensor> bp = Train("bp", MakeNetwork(GetParam(), whole, kBlind, at::kDouble), options),
                                sid = Train("sid", MakeNetwork(GetParam(), whole, kBlind, at::kDouble), options);
  for (size_t k = 0; k < sid.size(); ++k) {
    EXPECT_LT((sid[k] - bp[k]).norm().item<double>(), 1e-11 * (1 + bp[k].norm().item<double>())) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Equality, testing::ValuesIn(ArchitectureNames()), [](const auto& info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
});

// Every learner of the registry, on a convolutional network and on a perceptron, or on a reversible network: a new one is tested as soon as it
// has a name.
class EveryLearner : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  static constexpr int64_t kClasses = 4, kDepth = 2;

  std::unique_ptr<Learner> Make() const {
    const auto& [learner, name] = GetParam();
    const LearnerKind kind = FindLearner(learner).value();
    const int64_t width = name == "mlp" ? 32 : name == "revnet18" ? 4 : 8;
    const Architecture architecture =
        MakeArchitecture({.name = name, .image = {3, 12, 12}, .width = width, .features = 16}).value();
    const Partition partition = PartitionFor(kind, ParsePartition("shared", kDepth, architecture.blocks).value());
    Network network = EmptyNetwork(architecture, partition, {.hidden = 16, .belief_input = kind.sees_belief}, kClasses);
    Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
    LearnerOptions options{.sid = {.alphas = std::vector<double>(network.depth(), 0.5)}};
    return MakeLearner(learner, network, options).value();
  }

  // Waves in one of four directions, under noise: what convolutions can tell apart as well as perceptrons. The images of a number.
  static Batch MakeBatch(uint64_t number, int64_t size = 32) {
    at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic, {number});
    const at::Tensor place = 2 * std::numbers::pi / 12 * at::arange(12, at::kFloat), y = place.view({12, 1});
    const at::Tensor waves = at::stack(
        {(3 * place + 0 * y).sin(), (0 * place + 3 * y).sin(), (2 * place + 2 * y).sin(), (2 * place - 2 * y).sin()});
    const at::Tensor labels = at::randint(kClasses, {size}, generator, at::kLong);
    return {waves.index_select(0, labels).unsqueeze(1) + at::randn({size, 3, 12, 12}, generator, at::kFloat), labels};
  }

  static void Steps(Learner& learner, uint64_t begin, uint64_t end) {
    PhaseTimer untimed;
    for (uint64_t step = begin; step < end; ++step) learner.Step(MakeBatch(step), 3e-3, untimed);
  }
};

TEST_P(EveryLearner, GoesOnFromItsStateToTheBit) {
  const auto unbroken = Make(), before = Make(), after = Make();
  Steps(*unbroken, 0, 6);
  Steps(*before, 0, 3);
  const std::vector<NamedTensor> kept = before->State(), taken = after->State();
  ASSERT_EQ(kept.size(), taken.size());
  for (size_t k = 0; k < kept.size(); ++k) at::Tensor(taken[k].tensor).copy_(kept[k].tensor);
  Steps(*after, 3, 6);
  const std::vector<NamedTensor> expected = unbroken->State();
  std::set<std::string> names;
  for (size_t k = 0; k < expected.size(); ++k) {
    EXPECT_TRUE(at::equal(after->State()[k].tensor, expected[k].tensor)) << expected[k].name;
    EXPECT_TRUE(names.insert(expected[k].name).second) << expected[k].name;
  }
}

TEST_P(EveryLearner, KeepsTheContract) {
  const auto learner = Make();
  EXPECT_EQ(learner->name(), std::get<0>(GetParam()));
  const Batch batch = MakeBatch(0, 8);
  const int64_t losses = static_cast<int64_t>(learner->LossDepths().size()), depth = learner->LossDepths().back();
  std::vector<at::Tensor> before;
  for (const NamedTensor& one : learner->State()) before.push_back(one.tensor.detach().clone());
  const at::Tensor log_beliefs = learner->Predict(batch.images);
  EXPECT_EQ(log_beliefs.sizes(), at::IntArrayRef({depth + 1, 8, kClasses}));
  EXPECT_LT((log_beliefs.exp().sum(-1) - 1).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(learner->Losses(batch.labels, log_beliefs).sizes(), at::IntArrayRef({losses, 8}));
  EXPECT_EQ(learner->Inspect(batch, /*gradients=*/false).log_beliefs.sizes(), log_beliefs.sizes());
  EXPECT_EQ(learner->Inspect(batch, /*gradients=*/false).weight_norm.sizes(), at::IntArrayRef({depth}));
  for (size_t k = 0; k < before.size(); ++k) EXPECT_TRUE(at::equal(before[k], learner->State()[k].tensor)) << k;
  PhaseTimer untimed;
  const StepResult step = learner->Step(batch, 1e-3, untimed);
  EXPECT_EQ(step.losses.sizes(), at::IntArrayRef({losses}));
  EXPECT_TRUE(step.losses.isfinite().all().item<bool>());
  EXPECT_EQ(step.log_belief.sizes(), at::IntArrayRef({8, kClasses}));
  EXPECT_FALSE(step.losses.requires_grad() || step.log_belief.requires_grad() || step.features.requires_grad());
}

// Images that it has not seen; one of four classes.
TEST_P(EveryLearner, Learns) {
  const std::set<std::string> slow{"fa", "dfa", "dni"};
  const auto& [name, network] = GetParam();
  if (network == "simple-cnn" && slow.count(name) > 0)
    GTEST_SKIP() << name << " needs more steps on convolutions than a test has (docs/peers.md)";
  const auto learner = Make();
  const Batch unseen = MakeBatch(1000, 256);
  const auto accuracy = [&] {
    return learner->Predict(unseen.images)[-1].argmax(-1).eq(unseen.labels).to(at::kDouble).mean().item<double>();
  };
  Steps(*learner, 0, name == "hsic" && network == "simple-cnn" ? 300 : 150);
  EXPECT_GT(accuracy(), 0.6);
}

std::vector<std::tuple<std::string, std::string>> LearnersOnNetworks() {
  std::vector<std::tuple<std::string, std::string>> all;
  for (const LearnerKind& kind : LearnerKinds()) {
    if (kind.reversible) all.emplace_back(kind.name, "revnet18");
    if (kind.reversible) continue;
    all.emplace_back(kind.name, "simple-cnn");
    all.emplace_back(kind.name, "mlp");
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, EveryLearner, testing::ValuesIn(LearnersOnNetworks()), [](const auto& info) {
  std::string name = std::get<0>(info.param) + "_on_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(LearnerKinds, SayWhatTheyTrain) {
  EXPECT_EQ(PartitionFor(*FindLearner("bp"), {2, 0, 3}), (Partition{5}));
  EXPECT_EQ(PartitionFor(*FindLearner("dgl"), {2, 0, 3}), (Partition{2, 0, 3}));
  EXPECT_NE(FindLearner("bp-depp").status().message().find("'bp-deep'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
