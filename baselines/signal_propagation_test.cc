#include "baselines/signal_propagation.h"

#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "baselines/peers_for_tests.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

std::unique_ptr<Learner> Make(const Network& network) {
  return MakeSignalPropagationLearner(CloneTo(network, at::kCPU, at::kDouble), {}, kPlainDescent);
}

// -log softmax over the classes of the agreement, in sums over numbers, by hand.
double NaiveLoss(const at::Tensor& h, const at::Tensor& t, const at::Tensor& labels) {
  const int64_t numbers = h[0].numel(), positions = h.dim() == 4 ? h.size(2) * h.size(3) : 1;
  const at::Tensor images = h.flatten(1).contiguous(), classes = t.flatten(1).contiguous();
  double loss = 0;
  for (int64_t i = 0; i < h.size(0); ++i) {
    double all = 0, own = 0;
    for (int64_t c = 0; c < t.size(0); ++c) {
      double agreement = 0;
      for (int64_t k = 0; k < numbers; ++k)
        agreement += images[i].data_ptr<double>()[k] * classes[c].data_ptr<double>()[k];
      agreement /= static_cast<double>(positions);
      all += std::exp(agreement);
      if (labels[i].item<int64_t>() == c) own = agreement;
    }
    loss += std::log(all) - own;
  }
  return loss / static_cast<double>(h.size(0));
}

Architecture TwoBlocks(const std::string& name) {
  Architecture architecture = TestArchitecture(name);
  architecture.blocks.resize(2);
  return architecture;
}

// Its identity: on two blocks, without normalisation, the loss is the naive one.
TEST(SignalPropagation, LossIsTheNaiveOneOnTwoBlocks) {
  for (const std::string name : {"mlp", "simple-cnn"}) {
    const Network network = TestNetwork(TwoBlocks(name), kBlindLinear);
    const auto learner = Make(network);
    const Batch batch = TestBatch();
    const TensorsByName weights = LearningByName(*learner);
    const Stage& stage = network.stages[0];
    Shape shape = stage.blocks[0].output;
    shape.insert(shape.begin(), kTestClasses);
    const at::Tensor h_1 = stage.blocks[0].forward(batch.images, stage.tensors[0], {});
    const at::Tensor t_1 = (weights.at("signal.weight") + weights.at("signal.bias")).clamp_min(0).view(shape);
    const at::Tensor h_2 = stage.blocks[1].forward(h_1, stage.tensors[1], {});
    const at::Tensor t_2 = stage.blocks[1].forward(t_1, stage.tensors[1], {});
    const double expected = (NaiveLoss(h_1, t_1, batch.labels) + NaiveLoss(h_2, t_2, batch.labels)) / 2;
    const at::Tensor belief = learner->Predict(batch.images)[1];
    PhaseTimer untimed;
    const StepResult step = learner->Step(batch, 1e-3, untimed);
    EXPECT_NEAR(step.losses.item<double>(), expected, 1e-10 * expected) << name;
    EXPECT_LT(Difference(step.log_belief, belief), 1e-12) << name;  // the belief is the last block's
  }
}

// Each block's gradient is that of its own loss, what comes in being constant.
TEST(SignalPropagation, BlocksFollowTheirOwnLosses) {
  const Network network = TestNetwork("simple-cnn");
  const auto learner = Make(network);
  const Batch batch = TestBatch();
  const Stage leaves = WithLeaves(network.stages[0]);
  at::Tensor signal = LearningByName(*learner).at("signal.weight").requires_grad_(true);
  Shape shape = leaves.blocks[0].output;
  shape.insert(shape.begin(), kTestClasses);
  at::Tensor h = leaves.blocks[0].forward(batch.images, leaves.tensors[0], {}), t = signal.clamp_min(0).view(shape);
  const TensorsByName actual = GradientsSeenInAStep(*learner, batch);
  for (size_t b = 0; b < leaves.blocks.size(); ++b) {
    if (b > 0) {
      h = leaves.blocks[b].forward(h.detach(), leaves.tensors[b], {});
      t = leaves.blocks[b].forward(t.detach(), leaves.tensors[b], {});
    }
    const at::Tensor logits = (h.unsqueeze(1) * t.unsqueeze(0)).flatten(2).sum(2) * (h.size(1) / double(h[0].numel()));
    const at::Tensor loss = -logits.log_softmax(1).gather(1, batch.labels.unsqueeze(1)).mean();
    std::vector<at::Tensor> wanted{leaves.tensors[b][0]};
    if (b == 0) wanted.push_back(signal);
    const std::vector<at::Tensor> expected = torch::autograd::grad({loss}, wanted);
    EXPECT_LT(Difference(actual.at(absl::StrCat("blocks.", b + 1, ".weight")), expected[0]), 1e-11) << b;
    if (b == 0) {
      EXPECT_LT(Difference(actual.at("signal.weight"), expected[1]), 1e-11);
    }
  }
}

// Its isolation: what a block learns does not depend on those after it.
TEST(SignalPropagation, BlocksDoNotDependOnThoseAfterThem) {
  for (const std::string name : {"mlp", "resnet9"}) {
    const Network network = TestNetwork(name), other = CloneTo(network, at::kCPU, at::kDouble);
    other.stages[0].tensors[1][0].mul_(1.5);
    const std::vector<std::string> owners =
        Owners(GradientsSeenInAStep(*Make(network), TestBatch()), GradientsSeenInAStep(*Make(other), TestBatch()));
    EXPECT_EQ(owners.front(), "blocks.2") << name;
    EXPECT_EQ(owners.back(), absl::StrCat("blocks.", network.stages[0].blocks.size())) << name;
  }
}

TEST(Agreement, IsAMeanOverPositionsOfASumOverChannels) {
  at::Generator generator = MakeGenerator(kTestSeed, RandomUse::kSynthetic);
  const at::Tensor maps = at::randn({2, 3, 4, 5}, generator, at::kDouble);
  const at::Tensor tokens = maps.flatten(2).transpose(1, 2);
  const at::Tensor expected = (maps[1] * maps[0]).sum(0).mean();
  EXPECT_LT(Difference(Agreement(maps, maps)[1][0], expected), 1e-12);
  EXPECT_LT(Difference(Agreement(tokens, tokens)[1][0], expected), 1e-12);
}

}  // namespace
}  // namespace sid
