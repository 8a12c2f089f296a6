#include "baselines/direct_feedback.h"

#include <ATen/ops/mm.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "baselines/backpropagation.h"
#include "baselines/peers_for_tests.h"
#include "sid/belief/belief.h"

namespace sid {
namespace {

using Feedback = std::vector<at::Tensor>;

TensorsByName Gradients(const Network& network, const Feedback& feedback) {
  const auto learner =
      MakeDirectFeedbackLearner(CloneTo(network, at::kCPU, at::kDouble), feedback, {.smoothing = 0.1}, kPlainDescent);
  return GradientsSeenInAStep(*learner, TestBatch());
}

TensorsByName Backpropagated(const Network& network) {
  const auto bp = MakeBackpropagationLearner(Backpropagation::kBp, CloneTo(network, at::kCPU, at::kDouble),
                                             {.smoothing = 0.1}, kPlainDescent);
  return GradientsSeenInAStep(*bp, TestBatch());
}

// Its identity: what is last always follows backpropagation, and so does all of a network where nothing else is.
TEST(DirectFeedback, HeadsFollowBackpropagation) {
  for (const std::string& name : ArchitectureNames()) {
    for (const HeadKind kind : {HeadKind::kMlp, HeadKind::kLinear, HeadKind::kConv}) {
      const Network network = TestNetwork(name, {.kind = kind, .hidden = 7, .belief_input = false});
      ExpectEqual(Gradients(network, RandomDirectFeedback(network, 1)), Backpropagated(network), 1e-12, "heads.");
    }
  }
}

// The last block too, where its feedback is the head's way back; of a network of one block that is all of it.
TEST(DirectFeedback, WithTheHeadsWeightsTheLastBlockFollowsBackpropagation) {
  for (const size_t blocks : {1, 3}) {
    Architecture mlp = TestArchitecture("mlp");
    mlp.blocks.resize(blocks);
    const Network network = TestNetwork(mlp, kBlindLinear);
    Feedback feedback = RandomDirectFeedback(network, 1);
    feedback.back() = network.stages[0].heads.feature_weight[0];
    const TensorsByName actual = Gradients(network, feedback), expected = Backpropagated(network);
    ExpectEqual(actual, expected, 1e-12, blocks == 1 ? "" : "blocks.3");
    if (blocks > 1) {
      EXPECT_GT(Difference(actual.at("blocks.1.weight"), expected.at("blocks.1.weight")), 0.1);
    }
  }
}

// The paper's rule, block by block: d l / d h_b = B_b^T e.
TEST(DirectFeedback, BlocksFollowTheProjectedError) {
  const Network network = TestNetwork("resnet9");
  const Feedback feedback = RandomDirectFeedback(network, 1);
  const TensorsByName actual = Gradients(network, feedback);
  const Batch batch = TestBatch();
  const Stage stage = WithLeaves(network.stages[0]);
  std::vector<at::Tensor> h{batch.images};
  for (size_t b = 0; b < stage.blocks.size(); ++b)
    h.push_back(stage.blocks[b].forward(h[b].detach(), stage.tensors[b], {.training = true}));
  const at::Tensor z = stage.read_out.forward(h.back(), {}, {});
  const at::Tensor y = TargetBelief(batch.labels, kTestClasses, 0.1, at::kDouble).exp();
  const at::Tensor error = BeliefOf(stage.heads.at(0).Output({}, z)).exp() - y;
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    const at::Tensor projected = at::mm(error, feedback[b]).view_as(h[b + 1]).detach();
    const at::Tensor agreement = (projected * h[b + 1]).sum() / static_cast<double>(kTestBatch);
    const at::Tensor expected = torch::autograd::grad({agreement}, {stage.tensors[b][0]})[0];
    const std::string name = absl::StrCat("blocks.", b + 1, ".", stage.blocks[b].specs[0].name);
    EXPECT_LT(Difference(actual.at(name), expected), 1e-12) << name;
  }
}

// Its isolation: a block's gradient comes by its own matrix alone.
TEST(DirectFeedback, ABlocksGradientComesByItsOwnMatrixAlone) {
  const Network network = TestNetwork("simple-cnn");
  Feedback feedback = RandomDirectFeedback(network, 1);
  const TensorsByName before = Gradients(network, feedback);
  feedback[2] = 2 * feedback[2];
  EXPECT_EQ(Owners(before, Gradients(network, feedback)), std::vector<std::string>{"blocks.3"});
}

}  // namespace
}  // namespace sid
