#include "sid/learner/serial.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 7;
constexpr int64_t kDepth = 3, kClasses = 5, kBatch = 6;

double RelativeError(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

Network MakeNetwork() {
  Network network = EmptyNetwork({.classes = kClasses, .depth = kDepth, .features = 8, .hidden = 9});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

Batch MakeBatch() {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  return {at::randn({kBatch, 3, 12, 12}, generator, at::kDouble),
          at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

SidOptions MakeOptions(Divergence divergence) {
  return {.divergence = divergence, .alphas = {0.9, 0.5, 0.2}, .smoothing = 0.1};
}

struct Update {
  UpdateResult result;
  Network gradients;
};

Update RunSerial(const Network& network, const SidOptions& options) {
  Network gradients = ZerosLike(network);
  PhaseTimer untimed;
  const UpdateResult result = SerialUpdate(network, options, MakeBatch(), untimed, gradients);
  return {result, gradients};
}

// Module `index`'s loss, written anew: one graph over the extractor and that module, everything before it cut off.
at::Tensor LossOfModule(const Network& network, const SidOptions& options, int64_t index) {
  const Batch batch = MakeBatch();
  const at::Tensor z = network.extractor.Forward(batch.images);
  at::Tensor log_q = UniformBelief(kBatch, kClasses, z.options());
  for (int64_t i = 0; i < index; ++i) log_q = network.cascade.at(i).Forward(log_q, z).log_softmax(-1).detach();
  const at::Tensor log_p = network.cascade.at(index).Forward(log_q, z).log_softmax(-1);
  const at::Tensor log_y = TargetBelief(batch.labels, kClasses, options.smoothing, at::kDouble);
  const double a = options.alphas[index];
  auto kl = [](const at::Tensor& t, const at::Tensor& p) { return (t.exp() * (t - p)).sum(-1); };
  const at::Tensor loss = options.divergence == Divergence::kForward
                              ? a * kl(log_y, log_p) + (1 - a) * kl(log_q, log_p)
                              : a * kl(log_p, log_y) + (1 - a) * kl(log_p, log_q);
  return loss.mean();
}

class SerialTest : public testing::TestWithParam<std::tuple<Divergence, FeatureMode>> {
 protected:
  SidOptions Options() const {
    SidOptions options = MakeOptions(std::get<0>(GetParam()));
    options.features = std::get<1>(GetParam());
    return options;
  }
};

TEST_P(SerialTest, ModuleGradientsAreThoseOfItsOwnLossAlone) {
  const Network network = MakeNetwork();
  const Update update = RunSerial(network, Options());
  RequireGradients(network, true);
  for (int64_t i = 0; i < kDepth; ++i) {
    const at::Tensor loss = LossOfModule(network, Options(), i);
    EXPECT_NEAR(update.result.losses[i].item<double>(), loss.item<double>(), 1e-12);
    // Differentiated by all modules' weights: the stacks' gradients are zero but for row i.
    const Cascade& c = network.cascade;
    const auto expected = torch::autograd::grad(
        {loss}, {c.belief_weight, c.feature_weight, c.hidden_bias, c.output_weight, c.output_bias});
    const std::vector<at::Tensor> actual = update.gradients.cascade.at(i).Weights();
    for (size_t k = 0; k < actual.size(); ++k) {
      EXPECT_LT(RelativeError(actual[k], expected[k][i]), 1e-10) << "module " << i << ", tensor " << k;
      for (int64_t j = 0; j < kDepth; ++j) {
        if (j == i) continue;
        EXPECT_EQ(expected[k][j].abs().max().item<double>(), 0) << "module " << i << " reaches " << j;
      }
    }
  }
}

TEST_P(SerialTest, ExtractorGradientIsTheSumOfTheSeparateOnes) {
  const Network network = MakeNetwork();
  SidOptions options = Options();
  const Update sum = RunSerial(network, options);
  options.extractor_gradient = ExtractorGradient::kMean;
  const Update mean = RunSerial(network, options);
  options.extractor_gradient = ExtractorGradient::kNone;
  const Update none = RunSerial(network, options);

  RequireGradients(network, true);
  const std::vector<at::Tensor> weights = Tensors(Parameters(network.extractor));
  std::vector<at::Tensor> expected;
  expected.reserve(weights.size());
  for (const at::Tensor& weight : weights) expected.push_back(at::zeros_like(weight.detach()));
  for (int64_t i = 0; i < kDepth; ++i) {
    const auto separate = torch::autograd::grad({LossOfModule(network, options, i)}, weights);
    for (size_t k = 0; k < weights.size(); ++k) expected[k] += separate[k];
  }
  for (size_t k = 0; k < weights.size(); ++k) {
    EXPECT_LT(RelativeError(Tensors(Parameters(sum.gradients.extractor))[k], expected[k]), 1e-10) << k;
    EXPECT_LT(RelativeError(Tensors(Parameters(mean.gradients.extractor))[k] * kDepth, expected[k]), 1e-10) << k;
    EXPECT_EQ(Tensors(Parameters(none.gradients.extractor))[k].abs().max().item<double>(), 0) << k;
  }
  // The modules learn as before, whatever the extractor does.
  EXPECT_TRUE(at::equal(none.gradients.cascade.belief_weight, sum.gradients.cascade.belief_weight));
}

// Weights of other modules reach module i only through its teacher: those after it not at all.
TEST_P(SerialTest, LaterModulesDoNotMatter) {
  const Network network = MakeNetwork();
  const Update before = RunSerial(network, Options());
  network.cascade.output_weight.select(0, kDepth - 1).mul_(3);
  const Update after = RunSerial(network, Options());
  for (int64_t i = 0; i + 1 < kDepth; ++i) {
    const auto a = before.gradients.cascade.at(i).Weights(), b = after.gradients.cascade.at(i).Weights();
    for (size_t k = 0; k < a.size(); ++k) EXPECT_TRUE(at::equal(a[k], b[k])) << "module " << i << ", tensor " << k;
  }
  EXPECT_FALSE(at::equal(before.gradients.cascade.at(kDepth - 1).output_weight,
                         after.gradients.cascade.at(kDepth - 1).output_weight));
}

// An earlier module that hands over the same belief for other weights changes nothing: hidden units permuted.
TEST_P(SerialTest, EarlierModulesMatterThroughTheTeacherOnly) {
  const Network network = MakeNetwork();
  const Update before = RunSerial(network, Options());
  for (at::Tensor weight :
       {network.cascade.belief_weight[0], network.cascade.feature_weight[0], network.cascade.hidden_bias[0]}) {
    weight.copy_(weight.flip(0).clone());
  }
  at::Tensor output = network.cascade.output_weight[0];
  output.copy_(output.flip(1).clone());
  const Update after = RunSerial(network, Options());
  EXPECT_FALSE(at::equal(before.gradients.cascade.at(0).output_weight, after.gradients.cascade.at(0).output_weight));
  for (int64_t i = 1; i < kDepth; ++i) {
    const auto a = before.gradients.cascade.at(i).Weights(), b = after.gradients.cascade.at(i).Weights();
    for (size_t k = 0; k < a.size(); ++k) EXPECT_LT(RelativeError(a[k], b[k]), 1e-12) << "module " << i;
  }
}

TEST_P(SerialTest, InferenceIsPhaseOnesForwardPass) {
  const Network network = MakeNetwork();
  EXPECT_TRUE(
      at::equal(RunSerial(network, Options()).result.log_belief, Predict(network, MakeBatch().images)[kDepth - 1]));
}

TEST_P(SerialTest, WeightsStayAndARepetitionGivesTheSameBits) {
  const Network network = MakeNetwork(), copy = CloneTo(network, at::kCPU, at::kDouble);
  const Update first = RunSerial(network, Options()), second = RunSerial(network, Options());
  for (size_t k = 0; k < Tensors(network).size(); ++k) {
    EXPECT_TRUE(at::equal(Tensors(network)[k], Tensors(copy)[k]));
    EXPECT_TRUE(at::equal(Tensors(first.gradients)[k], Tensors(second.gradients)[k]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SerialTest,
                         testing::Combine(testing::Values(Divergence::kForward, Divergence::kReverse),
                                          testing::Values(FeatureMode::kReuse, FeatureMode::kRecompute)));

}  // namespace
}  // namespace sid
