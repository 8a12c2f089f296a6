#include "sid/network/network.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

Network MakeNetwork(const NetworkShape& shape) {
  Network network = EmptyNetwork(shape);
  Initialise(Initialisation::kPyTorch, /*seed=*/1, at::Tensor(), network);
  return network;
}

at::Tensor MakeImages(int64_t batch, const NetworkShape& shape, int64_t side) {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  return at::randn({batch, shape.channels, side, side}, generator, at::kFloat);
}

TEST(Network, PredictsADistributionAtEveryDepth) {
  for (const int64_t side : {28, 32, 64}) {
    const NetworkShape shape{.channels = 1, .classes = 7, .depth = 3};
    const at::Tensor log_beliefs = Predict(MakeNetwork(shape), MakeImages(4, shape, side));
    EXPECT_EQ(log_beliefs.sizes(), at::IntArrayRef({4, 4, 7}));
    EXPECT_LT((log_beliefs.exp().sum(-1) - 1).abs().max().item<double>(), 1e-5);
  }
}

// The formula of the paper on the concatenated [p; z], written out.
TEST(Network, ModuleIsTwoLayersOnTheConcatenation) {
  const NetworkShape shape{.classes = 4, .depth = 2, .features = 6, .hidden = 5};
  const Network network = CloneTo(MakeNetwork(shape), at::kCPU, at::kDouble);
  const at::Tensor images = MakeImages(3, shape, 16).to(at::kDouble);
  const at::Tensor z = RunBody(network.stages[0], images, {}).features;
  at::Tensor p = at::full({3, 4}, 0.25, z.options());
  for (int64_t i = 0; i < 2; ++i) {
    const Cascade& c = network.stages[0].heads;
    const at::Tensor w1 = at::concat({c.belief_weight[i], c.feature_weight[i]}, 1);
    const at::Tensor hidden = (at::concat({p, z}, 1).matmul(w1.t()) + c.hidden_bias[i]).clamp_min(0);
    p = (hidden.matmul(c.output_weight[i].t()) + c.output_bias[i]).softmax(-1);
    EXPECT_TRUE(at::allclose(Predict(network, images)[i + 1].exp(), p, /*rtol=*/1e-12, /*atol=*/1e-14))
        << "module " << i;
  }
}

// f = W2 relu(max over positions of (K * z) + Wp p + b1) + b2 and W [p; z] + b, written out: the convolution as nine shifted products.
TEST(Heads, ConvAndLinearAreTheirFormulas) {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  const auto draw = [&](at::IntArrayRef shape) { return at::randn(shape, generator, at::kDouble); };
  const at::Tensor z = draw({3, 6, 5, 4}), log_p = draw({3, 4}).log_softmax(-1), p = log_p.exp();
  const Head conv{draw({7, 4}), draw({7, 6, 3, 3}), draw({7}), draw({4, 7}), draw({4})};
  const at::Tensor padded = at::constant_pad_nd(z, {1, 1, 1, 1});
  at::Tensor maps = at::zeros({3, 7, 5, 4}, at::kDouble);
  for (int64_t dy = 0; dy < 3; ++dy) {
    for (int64_t dx = 0; dx < 3; ++dx) {
      const at::Tensor shifted = padded.slice(2, dy, dy + 5).slice(3, dx, dx + 4);
      maps += at::einsum("hd,bdyx->bhyx", {conv.feature_weight.select(3, dx).select(2, dy), shifted});
    }
  }
  const at::Tensor first = std::get<0>(maps.flatten(2).max(2)) + p.matmul(conv.belief_weight.t()) + conv.hidden_bias;
  const at::Tensor expected = first.clamp_min(0).matmul(conv.output_weight.t()) + conv.output_bias;
  EXPECT_TRUE(at::allclose(conv.Output(log_p, z), expected, /*rtol=*/1e-12, /*atol=*/1e-13));
  const at::Tensor vector = draw({3, 6});
  const Head linear{draw({4, 4}), draw({4, 6}), {}, {}, draw({4})};
  EXPECT_TRUE(
      at::allclose(linear.Output(log_p, vector),
                   p.matmul(linear.belief_weight.t()) + vector.matmul(linear.feature_weight.t()) + linear.output_bias,
                   /*rtol=*/1e-12, /*atol=*/1e-13));
}

// Heads that see z / 8 are heads with weights of an eighth for z: of every kind and in every stage; belief and biases stay as they are.
TEST(Network, ScaledFeaturesAreScaledWeightsOfTheFeatures) {
  for (const HeadKind kind : {HeadKind::kMlp, HeadKind::kLinear, HeadKind::kConv}) {
    const auto make = [kind](double scale) {
      const HeadShape head{.kind = kind, .hidden = 5, .feature_scale = scale};
      const Architecture architecture = MakeArchitecture({.name = "resnet9", .width = 4}).value();
      Network network = EmptyNetwork(architecture, {2, 0, 4}, head, /*classes=*/4);
      Initialise(Initialisation::kPyTorch, /*seed=*/1, at::Tensor(), network);
      return CloneTo(network, at::kCPU, at::kDouble);
    };
    const Network scaled = make(0.125), plain = make(1);
    const at::Tensor images = MakeImages(3, {}, 32).to(at::kDouble), seen = Predict(scaled, images);
    EXPECT_FALSE(at::allclose(seen, Predict(plain, images))) << HeadKindNames()[static_cast<size_t>(kind)];
    for (const Stage& stage : plain.stages) at::Tensor(stage.heads.feature_weight).mul_(0.125);
    EXPECT_TRUE(at::allclose(seen, Predict(plain, images), /*rtol=*/1e-12, /*atol=*/1e-13));
  }
}

// With the residual update a module that says nothing passes its input on, and one that speaks adds to it.
TEST(Network, ResidualModuleAddsToTheLogarithmOfTheBelief) {
  const NetworkShape shape{
      .classes = 4, .depth = 2, .features = 6, .hidden = 5, .belief_update = BeliefUpdate::kResidual};
  Network network = CloneTo(MakeNetwork(shape), at::kCPU, at::kDouble);
  const at::Tensor images = MakeImages(3, shape, 16).to(at::kDouble),
                   z = RunBody(network.stages[0], images, {}).features;
  const at::Tensor log_p = Predict(network, images);
  const at::Tensor expected = (log_p[1] + network.stages[0].heads.at(1).Output(log_p[1], z)).log_softmax(-1);
  EXPECT_TRUE(at::allclose(log_p[2], expected, /*rtol=*/1e-12, /*atol=*/1e-14));
  network.stages[0].heads.output_weight[1].zero_();
  network.stages[0].heads.output_bias[1].zero_();
  EXPECT_TRUE(at::allclose(Predict(network, images)[2], log_p[1], /*rtol=*/1e-12, /*atol=*/1e-14));
}

TEST(ParseBeliefUpdate, SuggestsTheNearest) {
  EXPECT_EQ(ParseBeliefUpdate("residual").value(), BeliefUpdate::kResidual);
  EXPECT_NE(ParseBeliefUpdate("residul").status().message().find("'residual'"), absl::string_view::npos);
}

TEST(Network, NamesAreUniqueAndEveryTensorIsListed) {
  const NetworkShape shape{.classes = 4, .depth = 2, .features = 6, .hidden = 5};
  const Network network = MakeNetwork(shape);
  std::set<std::string> names;
  int64_t count = 0;
  for (const NamedTensor& parameter : AllTensors(network)) {
    names.insert(parameter.name);
    count += parameter.tensor.numel();
    EXPECT_EQ(parameter.decays(), parameter.name.ends_with("weight")) << parameter.name;
  }
  EXPECT_EQ(names.size(), 15);
  const int64_t extractor = 27 * 32 + 32 + 288 * 64 + 64 + 576 * 128 + 128 + 1152 * 128 + 128 + 128 * 6 + 6;
  EXPECT_EQ(count, extractor + 2 * ((4 + 6) * 5 + 5 + 5 * 4 + 4));
}

TEST(Network, AClonesWeightsAreItsOwn) {
  const NetworkShape shape{.depth = 1};
  const Network network = MakeNetwork(shape);
  const Network clone = CloneTo(network, at::kCPU, at::kFloat);
  clone.stages[0].heads.output_bias.add_(1);
  EXPECT_FALSE(at::equal(clone.stages[0].heads.output_bias, network.stages[0].heads.output_bias));
  EXPECT_EQ(clone.stages[0].tensors[1][0].strides(), network.stages[0].tensors[1][0].strides());
}

}  // namespace
}  // namespace sid
