// What learners have in common: where two names mean the same mathematics, they move the same weights.

#include "baselines/learners.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

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

INSTANTIATE_TEST_SUITE_P(Networks, Equality, testing::Values("simple-cnn", "vgg11", "resnet9", "resnet18", "vit-tiny"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(LearnerKinds, SayWhatTheyTrain) {
  EXPECT_EQ(PartitionFor(*FindLearner("bp"), {2, 0, 3}), (Partition{5}));
  EXPECT_EQ(PartitionFor(*FindLearner("dgl"), {2, 0, 3}), (Partition{2, 0, 3}));
  EXPECT_NE(FindLearner("bp-depp").status().message().find("'bp-deep'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
