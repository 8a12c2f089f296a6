#include "baselines/feedback_alignment.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/mm.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "baselines/backpropagation.h"
#include "baselines/peers_for_tests.h"

namespace sid {
namespace {

TensorsByName Gradients(const Network& network, const Network& feedback, const Batch& batch) {
  const auto learner =
      MakeFeedbackAlignmentLearner(CloneTo(network, at::kCPU, at::kDouble), feedback, {}, kPlainDescent);
  return GradientsSeenInAStep(*learner, batch);
}

// Its identity: on every block and head there is.
TEST(FeedbackAlignment, WithTheWeightsAsItsFeedbackIsBackpropagation) {
  for (const std::string& name : ArchitectureNames()) {
    for (const HeadKind kind : {HeadKind::kMlp, HeadKind::kLinear, HeadKind::kConv}) {
      SCOPED_TRACE(absl::StrCat(name, ", ", HeadKindNames()[static_cast<size_t>(kind)]));
      const Network network = TestNetwork(name, {.kind = kind, .hidden = 7, .belief_input = false});
      const auto bp =
          MakeBackpropagationLearner(Backpropagation::kBp, CloneTo(network, at::kCPU, at::kDouble), {}, kPlainDescent);
      ExpectEqual(Gradients(network, network, TestBatch()), GradientsSeenInAStep(*bp, TestBatch()), 1e-12);
    }
  }
}

// The paper's rule, written out for three linear layers and a linear head.
TEST(FeedbackAlignment, SendsErrorsThroughTheFeedback) {
  const Network network = TestNetwork("mlp"), feedback = RandomFeedback(network, kTestSeed);
  const Stage &stage = network.stages[0], &back = feedback.stages[0];
  const Batch batch = TestBatch();
  std::vector<at::Tensor> h{batch.images.flatten(1)};
  for (size_t b = 0; b < 3; ++b)
    h.push_back((at::mm(h[b], stage.tensors[b][0].t()) + stage.tensors[b][1]).clamp_min(0));
  at::Tensor error = at::mm(h[3], stage.heads.feature_weight[0].t()) + stage.heads.output_bias[0];
  error = error.softmax(-1);
  for (int64_t i = 0; i < kTestBatch; ++i) error[i][batch.labels[i].item<int64_t>()] -= 1;
  error = error / static_cast<double>(kTestBatch);
  const TensorsByName actual = Gradients(network, feedback, batch);
  at::Tensor flow = at::mm(error, back.heads.feature_weight[0]);
  for (size_t b = 3; b-- > 0;) {
    flow = flow * h[b + 1].gt(0);
    EXPECT_LT(Difference(actual.at(absl::StrCat("blocks.", b + 1, ".weight")), at::mm(flow.t(), h[b])), 1e-12) << b;
    EXPECT_LT(Difference(actual.at(absl::StrCat("blocks.", b + 1, ".bias")), flow.sum(0)), 1e-12) << b;
    flow = at::mm(flow, back.tensors[b][0]);
  }
}

// Its isolation: the way back holds no weight. A head's feedback of zeros leaves every block without a gradient.
TEST(FeedbackAlignment, TheWayBackHoldsNoWeight) {
  for (const std::string& name : ArchitectureNames()) {
    const Network network = TestNetwork(name);
    Network feedback = RandomFeedback(network, kTestSeed);
    feedback.stages[0].heads.feature_weight.zero_();
    const TensorsByName gradients = Gradients(network, feedback, TestBatch());
    for (const auto& [tensor, gradient] : gradients) {
      EXPECT_EQ(gradient.abs().max().item<double>() > 0, tensor.starts_with("heads.")) << name << ", " << tensor;
    }
  }
}

TEST(RandomFeedback, IsOfItsSeedAndNotTheWeights) {
  const Network network = TestNetwork("simple-cnn");
  const std::vector<at::Tensor> weights = Tensors(network), one = Tensors(RandomFeedback(network, 1)),
                                again = Tensors(RandomFeedback(network, 1)), two = Tensors(RandomFeedback(network, 2));
  for (size_t k = 0; k < one.size(); ++k) EXPECT_TRUE(at::equal(one[k], again[k]));
  EXPECT_FALSE(at::equal(one[0], two[0]));
  EXPECT_FALSE(at::equal(one[0], weights[0]));
}

}  // namespace
}  // namespace sid
