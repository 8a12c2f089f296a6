// The published sizes of the published networks, the shapes that they hand on, what they begin with, and bad requests.

#include "sid/network/architectures.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sid/network/initialisation.h"
#include "sid/network/network.h"

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Network WithOneLinearHead(const Architecture& architecture, int64_t classes) {
  const HeadShape head{.kind = HeadKind::kLinear, .belief_input = false};
  return EmptyNetwork(architecture, {static_cast<int64_t>(architecture.blocks.size())}, head, classes);
}

// What learns; running statistics do not.
int64_t Size(const Architecture& architecture, int64_t classes) {
  int64_t size = 0;
  for (const NamedTensor& named : Learning(AllTensors(WithOneLinearHead(architecture, classes))))
    size += named.tensor.numel();
  return size;
}
int64_t Size(const std::string& name) { return Size(MakeArchitecture({.name = name}).value(), 10); }

// Sizes of the layers that networks are made of.
constexpr int64_t Conv(int64_t in, int64_t out) { return 9 * in * out; }
constexpr int64_t Norm(int64_t channels) { return 2 * channels; }
constexpr int64_t Linear(int64_t in, int64_t out) { return in * out + out; }

TEST(Size, OfSimpleCnnIsTheSumOfItsLayers) {
  constexpr int64_t kFeatures = 128, kBiases = 32 + 64 + 128 + 128;
  constexpr int64_t kConvolutions = Conv(3, 32) + Conv(32, 64) + Conv(64, 128) + Conv(128, 128);
  EXPECT_EQ(Size("simple-cnn"), kConvolutions + kBiases + Linear(128, kFeatures) + Linear(kFeatures, 10));
}

// github.com/kuangliu/pytorch-cifar, models/vgg.py: convolutions with bias.
TEST(Size, OfVgg11IsThePublishedOne) {
  const std::vector<int64_t> channels{3, 64, 128, 256, 256, 512, 512, 512, 512};
  int64_t sum = Linear(512, 10);
  for (size_t k = 1; k < channels.size(); ++k)
    sum += Conv(channels[k - 1], channels[k]) + channels[k] + Norm(channels[k]);
  EXPECT_EQ(sum, 9'231'114);
  EXPECT_EQ(Size("vgg11"), 9'231'114);
}

// github.com/davidcpage/cifar10-fast, dawn.py: 6,573,120, whose classifier has no bias.
TEST(Size, OfResNet9IsThePublishedOne) {
  const auto conv = [](int64_t in, int64_t out) { return Conv(in, out) + Norm(out); };
  EXPECT_EQ(conv(3, 64) + conv(64, 128) + 2 * conv(128, 128) + conv(128, 256) + conv(256, 512) + 2 * conv(512, 512) +
                512 * 10,
            6'573'120);
  EXPECT_EQ(Size("resnet9"), 6'573'120 + 10);
}

// github.com/kuangliu/pytorch-cifar, models/resnet.py.
TEST(Size, OfResNet18IsThePublishedOne) {
  const auto block = [](int64_t in, int64_t out) {
    return Conv(in, out) + Conv(out, out) + 2 * Norm(out) + (in != out ? in * out + Norm(out) : 0);
  };
  int64_t sum = Conv(3, 64) + Norm(64) + 2 * block(64, 64) + Linear(512, 10);
  for (const int64_t width : {128, 256, 512}) sum += block(width / 2, width) + block(width, width);
  EXPECT_EQ(sum, 11'173'962);
  EXPECT_EQ(Size("resnet18"), 11'173'962);
}

// github.com/stephane-rivaud/PETRA, make_layers_revnet18("cifar10"), whose convolutions have biases besides. The paper's 12.2 million are
// for ImageNet.
TEST(Size, OfRevNet18IsThePublishedOne) {
  const auto block = [](int64_t in, int64_t out) {
    return Conv(in, out) + Conv(out, out) + 2 * Norm(out) + (in != out ? in * out + Norm(out) : 0);
  };
  int64_t sum = Conv(3, 128) + Norm(128) + 2 * block(64, 64) + Linear(1024, 10);
  for (const int64_t width : {128, 256, 512}) sum += block(width / 2, width) + block(width, width);
  constexpr int64_t kBiases = 128 + 4 * 64 + 5 * (128 + 256 + 512);
  EXPECT_EQ(sum + kBiases, 11'185'802);
  EXPECT_EQ(Size("revnet18"), 11'185'802 - kBiases);
}

// Nokland (2016), 3 x 800 on MNIST.
TEST(Size, OfMlpIsTheSumOfItsLayers) {
  EXPECT_EQ(Size(MakeArchitecture({.name = "mlp", .image = {1, 28, 28}}).value(), 10),
            Linear(784, 800) + 2 * Linear(800, 800) + Linear(800, 10));
}

// timm's vit_tiny_patch16_224 (Steiner et al. 2022, ViT-Ti/16).
TEST(Size, OfViTTinyIsThePublishedOne) {
  constexpr int64_t kWidth = 192, kPatches = 14 * 14;
  constexpr int64_t kStem = Linear(3 * 16 * 16, kWidth) + kWidth + (kPatches + 1) * kWidth;
  constexpr int64_t kLayer = 2 * Norm(kWidth) + Linear(kWidth, 3 * kWidth) + Linear(kWidth, kWidth) +
                             Linear(kWidth, 4 * kWidth) + Linear(4 * kWidth, kWidth);
  EXPECT_EQ(kStem + 12 * kLayer + Norm(kWidth) + Linear(kWidth, 1000), 5'717'416);
  EXPECT_EQ(Size(VisionTransformer({3, 224, 224}, 16, 12, kWidth, 3), 1000), 5'717'416);
}

Network Initialised(const std::string& name, const Shape& image, int64_t width, Initialisation initialisation) {
  Network network = WithOneLinearHead(MakeArchitecture({.name = name, .image = image, .width = width}).value(), 10);
  Initialise(initialisation, /*seed=*/1, {}, network);
  return network;
}

TEST(MakeArchitecture, BlocksYieldTheShapesThatTheySay) {
  const std::vector<std::pair<int64_t, int64_t>> sizes{{28, 28}, {32, 32}, {64, 64}, {8, 8}, {32, 16}};
  for (const std::string& name : ArchitectureNames()) {
    for (const auto& [height, width] : sizes) {
      for (const int64_t channels : {1, 3}) {
        SCOPED_TRACE(absl::StrCat(name, ", ", channels, " x ", height, " x ", width));
        const Shape image{channels, height, width};
        const Network network = Initialised(name, image, name == "vit-tiny" ? 64 : 4, Initialisation::kKaiming);
        const Stage& stage = network.stages[0];
        at::Tensor h = at::randn({2, channels, height, width});
        for (size_t b = 0; b < stage.blocks.size(); ++b) {
          h = stage.blocks[b].forward(h, stage.tensors[b], {});
          EXPECT_EQ(h.sizes().slice(1).vec(), stage.blocks[b].output) << stage.blocks[b].kind;
        }
        const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, {});
        EXPECT_EQ(z.sizes().slice(1).vec(), stage.read_out.output);
        EXPECT_TRUE(z.isfinite().all().item<bool>());
      }
    }
  }
}

TEST(MakeArchitecture, ViTTinyHas64Patches) {
  for (const auto& [side, patches] : std::vector<std::pair<int64_t, int64_t>>{{28, 49}, {32, 64}, {64, 64}}) {
    const Architecture vit = MakeArchitecture({.name = "vit-tiny", .image = {3, side, side}}).value();
    EXPECT_EQ(vit.blocks.size(), 13);
    EXPECT_EQ(vit.blocks.back().output, (Shape{patches + 1, 192}));
    EXPECT_THAT(vit.blocks.back().kind, HasSubstr("3 heads"));
  }
}

std::string Error(const ArchitectureOptions& options) {
  const absl::Status status = MakeArchitecture(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << options.name;
  EXPECT_THAT(status.message(), Not(HasSubstr("\n")));
  return std::string(status.message());
}

TEST(MakeArchitecture, RefusesInOneLineWhatItCannotBuild) {
  for (const std::string& name : ArchitectureNames()) {
    EXPECT_THAT(Error({.name = name, .image = {3, 4, 32}}),
                AllOf(HasSubstr("4 x 32"), HasSubstr(name), HasSubstr("8")));
  }
  EXPECT_THAT(Error({.name = "vit-tiny", .image = {3, 32, 30}}), HasSubstr("patches of 4, which do not cover 32 x 30"));
  EXPECT_THAT(Error({.name = "vit-tiny", .image = {3, 68, 68}}), HasSubstr("patches of 8, which do not cover 68 x 68"));
  EXPECT_THAT(Error({.name = "vit-tiny", .width = 100}), AllOf(HasSubstr("100"), HasSubstr("192")));
  EXPECT_THAT(Error({.name = "resnet8"}), HasSubstr("did you mean 'resnet9'?"));
  EXPECT_THAT(Error({.name = "simplecnn"}), HasSubstr("did you mean 'simple-cnn'?"));
  EXPECT_THAT(Error({.name = "vit"}), HasSubstr("did you mean 'vit-tiny'?"));
}

void ExpectConstant(const NamedTensor& named, double value) {
  EXPECT_EQ(((named.tensor - value).abs().max().item<double>()), 0) << named.name;
}
// A normal one's sample of n numbers has a deviation within 4 / sqrt(2 n) of its own.
void ExpectDeviation(const NamedTensor& named, double deviation) {
  const double slack = 4 / std::sqrt(2.0 * static_cast<double>(named.tensor.numel()));
  EXPECT_NEAR(named.tensor.std().item<double>() / deviation, 1, slack) << named.name;
}

std::vector<NamedTensor> InitialBody(const std::string& name, int64_t width, Initialisation initialisation) {
  return BodyTensors(Initialised(name, {3, 32, 32}, width, initialisation).stages[0]);
}

// Whatever the initialisation's name: it is for factors alone, and of those not for ViT's.
TEST(Initialise, NormalisationsAndTokensBeginAsTheirBlocksPrescribe) {
  for (const Initialisation initialisation :
       {Initialisation::kPyTorch, Initialisation::kKaiming, Initialisation::kXavier, Initialisation::kIdentity}) {
    for (const auto& [name, width] : std::vector<std::pair<std::string, int64_t>>{
             {"resnet18", 8}, {"revnet18", 8}, {"vgg11", 8}, {"vit-tiny", 64}}) {
      for (const NamedTensor& named : InitialBody(name, width, initialisation)) {
        const bool token = named.name.ends_with("class_token") || named.name.ends_with("positions");
        const bool ones = named.name.ends_with("weight") || named.name.ends_with("running_var");
        const bool normalises = named.role == Role::kScale || named.role == Role::kStatistic;
        if (normalises) ExpectConstant(named, ones ? 1 : 0);
        if (token || (name == "vit-tiny" && named.role == Role::kFactor)) ExpectDeviation(named, 0.02);
        if (name == "vit-tiny" && named.role == Role::kBias && !token) ExpectConstant(named, 0);
      }
    }
  }
}

TEST(Initialise, ConvolutionsBeforeNormalisationsFollowTheName) {
  for (const NamedTensor& named : InitialBody("resnet18", 8, Initialisation::kKaiming)) {
    const auto fan_in = static_cast<double>(named.tensor.numel() / named.tensor.size(0));
    if (named.role == Role::kFactor) ExpectDeviation(named, std::sqrt(2 / fan_in));
  }
}

TEST(CheckInitialisation, LsuvIsForNetworksWithoutNormalisation) {
  for (const std::string& name : ArchitectureNames()) {
    const Network network = WithOneLinearHead(MakeArchitecture({.name = name}).value(), 10);
    EXPECT_TRUE(CheckInitialisation(Initialisation::kKaiming, network).ok());
    const absl::Status status = CheckInitialisation(Initialisation::kLsuv, network);
    EXPECT_EQ(status.ok(), name == "simple-cnn" || name == "mlp") << name;
    if (!status.ok()) {
      EXPECT_THAT(status.message(),
                  AllOf(HasSubstr("lsuv"), HasSubstr(network.stages[0].blocks[0].kind), Not(HasSubstr("\n"))));
    }
  }
}

}  // namespace
}  // namespace sid
