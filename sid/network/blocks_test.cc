// Every block of every architecture, in float64, against the reference.

#include "sid/network/blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "sid/network/network.h"
#include "sid/network/reference_for_tests.h"

namespace sid {
namespace {

constexpr double kTolerance = 1e-10;

double Difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

using Step = at::Tensor (Reference::*)(const at::Tensor& x, const std::string& block);
using R = Reference;

struct Case {
  std::string name;
  std::vector<Step> steps;
  Step read_out;
};

const std::vector<Case>& Cases() {
  static const auto* const kCases = new std::vector<Case>{
      {"simple-cnn", {&R::Plain, &R::Pooled, &R::Plain, &R::Pooled, &R::Features}, &R::Given},
      {"vgg11",
       {&R::Pooled, &R::Pooled, &R::Plain, &R::Pooled, &R::Plain, &R::Pooled, &R::Plain, &R::Pooled},
       &R::Mean},
      {"resnet9", {&R::Plain, &R::Pooled, &R::Residual, &R::Pooled, &R::Pooled, &R::Residual}, &R::Max},
      {"resnet18",
       {&R::Plain, &R::Basic, &R::Basic, &R::Halving, &R::Basic, &R::Halving, &R::Basic, &R::Halving, &R::Basic},
       &R::Mean},
      {"revnet18",
       {&R::Plain, &R::Reversible, &R::Reversible, &R::TwoStreams, &R::Reversible, &R::TwoStreams, &R::Reversible,
        &R::TwoStreams, &R::Reversible},
       &R::Mean},
      {"mlp", {&R::Dense, &R::Dense, &R::Dense}, &R::Given},
      {"a small ViT", {&R::Patches, &R::Transformer, &R::Transformer}, &R::Token}};
  return *kCases;
}

Architecture Small(const std::string& name, const Shape& image) {
  if (name == "a small ViT") return VisionTransformer(image, /*patch=*/4, /*layers=*/2, /*width=*/12, R::kHeads);
  return MakeArchitecture({.name = name, .image = image, .width = 4, .features = 6}).value();
}

// float64, one linear head, every tensor random: scales about 1 and shifts, statistics and biases other than 0.
Network RandomNetwork(const Architecture& architecture) {
  const HeadShape head{.kind = HeadKind::kLinear, .belief_input = false};
  const auto blocks = static_cast<int64_t>(architecture.blocks.size());
  Network network = CloneTo(EmptyNetwork(architecture, {blocks}, head, /*classes=*/5), at::kCPU, at::kDouble);
  at::Generator generator = MakeGenerator(1, RandomUse::kInitialisation);
  for (const NamedTensor& named : AllTensors(network)) {
    at::Tensor tensor = named.tensor;
    const auto fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
    tensor.normal_(0, named.role == Role::kFactor ? std::sqrt(2 / fan_in) : 0.3, generator);
    const bool positive = named.role == Role::kScale && named.name.ends_with("weight");
    if (positive || named.name.ends_with("running_var")) tensor.abs_().add_(0.7);
  }
  return network;
}

at::Tensor RandomImages(const Shape& image) {
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  return at::randn({3, image[0], image[1], image[2]}, generator, at::kDouble);
}

// Block after block, then the beliefs of the whole, which in training move the statistics: once.
void ExpectTheReference(const Case& one, const Network& network, const at::Tensor& images, bool training) {
  Reference reference(network, training);
  const Stage& stage = network.stages[0];
  ASSERT_EQ(stage.blocks.size(), one.steps.size());
  at::Tensor h = images, expected = images;
  for (size_t b = 0; b < stage.blocks.size(); ++b) {
    h = stage.blocks[b].forward(h, stage.tensors[b], {.training = training});
    expected = (reference.*one.steps[b])(expected, absl::StrCat("blocks.", b + 1, "."));
    ASSERT_EQ(h.sizes(), expected.sizes()) << stage.blocks[b].kind;
    ASSERT_LT(Difference(h, expected), kTolerance) << stage.blocks[b].kind;
  }
  const at::Tensor z = (reference.*one.read_out)(expected, "read_out.1.");
  const at::Tensor p =
      (at::matmul(z, reference["heads.1.feature_weight"][0].t()) + reference["heads.1.output_bias"][0]).exp();
  const ForwardResult result = Forward(network, images, {.training = training, .write_statistics = training});
  EXPECT_LT(Difference(result.features, z), kTolerance);
  EXPECT_LT(Difference(result.log_beliefs[1], (p / p.sum(-1, /*keepdim=*/true)).log()), kTolerance);
  for (const NamedTensor& named : AllTensors(network)) {
    EXPECT_LT(Difference(named.tensor, reference[named.name]), kTolerance) << named.name;
  }
}

TEST(Blocks, ComputeWhatTheReferenceDoes) {
  for (const Case& one : Cases()) {
    for (const int64_t side : {28, 32, 64}) {
      for (const int64_t channels : {1, 3}) {
        for (const bool training : {true, false}) {
          SCOPED_TRACE(absl::StrCat(one.name, ", ", channels, " x ", side, ", training ", training));
          const Shape image{channels, side, side};
          ExpectTheReference(one, RandomNetwork(Small(one.name, image)), RandomImages(image), training);
        }
      }
    }
  }
}

TEST(Blocks, OnlyAPassThatWritesStatisticsMovesThem) {
  for (const Case& one : Cases()) {
    const Shape image{3, 32, 32};
    const Network network = RandomNetwork(Small(one.name, image)), before = CloneTo(network, at::kCPU, at::kDouble);
    const std::vector<at::Tensor> own = Tensors(network), old = Tensors(before);
    const at::Tensor quiet = Forward(network, RandomImages(image), {.training = true}).log_beliefs;
    Forward(network, RandomImages(image), {});
    Predict(network, RandomImages(image));
    for (size_t k = 0; k < own.size(); ++k) EXPECT_TRUE(at::equal(own[k], old[k])) << one.name << " " << k;
    const Pass writing{.training = true, .write_statistics = true};
    EXPECT_TRUE(at::equal(Forward(network, RandomImages(image), writing).log_beliefs, quiet)) << one.name;
  }
}

// The products in bf16, the normalisations in float32: what is handed on is bf16, and near.
TEST(Blocks, PassOnTheTypeOfTheirFactors) {
  for (const Case& one : Cases()) {
    const Shape image{3, 32, 32};
    const Network network = CloneTo(RandomNetwork(Small(one.name, image)), at::kCPU, at::kFloat);
    const at::Tensor images = RandomImages(image).to(at::kFloat);
    for (const bool training : {true, false}) {
      const BodyResult exact = RunBody(network.stages[0], images, {.training = training});
      const BodyResult rough =
          RunBody(Cast(network, at::kBFloat16).stages[0], images.to(at::kBFloat16), {.training = training});
      EXPECT_EQ(rough.output.scalar_type(), at::kBFloat16) << one.name;
      EXPECT_EQ(rough.features.scalar_type(), at::kBFloat16) << one.name;
      EXPECT_LT(Difference(rough.features, exact.features), 0.1 * exact.features.abs().max().item<double>())
          << one.name;
    }
  }
}

TEST(ReadOutOfMaps, PoolsToEightRowsAndColumnsAtMostAndPassesOthersOn) {
  const std::vector<std::pair<int64_t, int64_t>> sides{{1, 1},  {7, 1},  {8, 1},
                                                       {14, 2}, {28, 4}, {64, 8}};  // and the pool's
  for (const auto& [height, rows] : sides) {
    for (const auto& [width, columns] : sides) {
      const Shape map{2, height, width};
      const Block block = ReadOutOfMaps(map, ReadOutKind::kMean);
      ASSERT_EQ(block.output, (Shape{2, height / rows, width / columns}));
      EXPECT_LE(std::max(block.output[1], block.output[2]), kHeadSide);
      const at::Tensor x = RandomImages(map);
      EXPECT_TRUE(at::equal(block.forward(x, {}, {}), MaxPool(x, rows, columns))) << height << " x " << width;
    }
  }
  EXPECT_EQ(ReadOutOfMaps({5, 12}, ReadOutKind::kToken).output, Shape{12});
  EXPECT_EQ(ReadOutOfMaps({6}, ReadOutKind::kMean).output, Shape{6});
}

}  // namespace
}  // namespace sid
