#include "sid/network/architectures.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

// 64 patches of an image of 32 or 64 pixels, 49 of one of 28.
int64_t ViTPatch(const Shape& image) { return image[1] >= 64 ? 8 : 4; }

// Adds blocks one after the other, each on what the one before hands on.
class Builder {
 public:
  explicit Builder(Shape image) : shape_(std::move(image)) {}

  template <typename Make, typename... Arguments>
  Builder& Add(const Make& make, Arguments&&... arguments) {
    blocks_.push_back(make(shape_, std::forward<Arguments>(arguments)...));
    shape_ = blocks_.back().output;
    return *this;
  }
  std::vector<Block> Take() { return std::move(blocks_); }

 private:
  Shape shape_;
  std::vector<Block> blocks_;
};

std::vector<Block> SimpleCnn(const Shape& image, int64_t width, int64_t features) {
  constexpr ConvolutionOptions kPlain{.normalised = false, .bias = true},
      kPooled{.normalised = false, .bias = true, .pooled = true};
  return Builder(image)
      .Add(Convolution, width, kPlain)
      .Add(Convolution, 2 * width, kPooled)
      .Add(Convolution, 4 * width, kPlain)
      .Add(Convolution, 4 * width, kPooled)
      .Add(Features, features)
      .Take();
}

std::vector<Block> Vgg11(const Shape& image, int64_t width) {
  constexpr ConvolutionOptions kPlain{.bias = true}, kPooled{.bias = true, .pooled = true};
  return Builder(image)
      .Add(Convolution, width, kPooled)
      .Add(Convolution, 2 * width, kPooled)
      .Add(Convolution, 4 * width, kPlain)
      .Add(Convolution, 4 * width, kPooled)
      .Add(Convolution, 8 * width, kPlain)
      .Add(Convolution, 8 * width, kPooled)
      .Add(Convolution, 8 * width, kPlain)
      .Add(Convolution, 8 * width, kPooled)
      .Take();
}

std::vector<Block> ResNet9(const Shape& image, int64_t width) {
  constexpr ConvolutionOptions kPlain{}, kPooled{.pooled = true};
  return Builder(image)
      .Add(Convolution, width, kPlain)
      .Add(Convolution, 2 * width, kPooled)
      .Add(Residual)
      .Add(Convolution, 4 * width, kPooled)
      .Add(Convolution, 8 * width, kPooled)
      .Add(Residual)
      .Take();
}

std::vector<Block> ResNet18(const Shape& image, int64_t width) {
  Builder builder(image);
  builder.Add(Convolution, width, ConvolutionOptions{});
  for (const int64_t factor : {1, 2, 4, 8}) {
    builder.Add(BasicBlock, factor * width, factor == 1 ? 1 : 2).Add(BasicBlock, factor * width, 1);
  }
  return builder.Take();
}

// github.com/stephane-rivaud/PETRA, models_RevNet.py, but for its convolutions' biases, which the normalisations behind them take away.
std::vector<Block> RevNet18(const Shape& image, int64_t width) {
  Builder builder(image);
  builder.Add(Convolution, 2 * width, ConvolutionOptions{});
  for (const int64_t factor : {1, 2, 4, 8}) {
    builder.Add(RevBlock, factor * 2 * width, factor == 1 ? 1 : 2).Add(RevBlock, factor * 2 * width, 1);
  }
  return builder.Take();
}

std::vector<Block> Mlp(const Shape& image, int64_t width) {
  return Builder(image).Add(Dense, width).Add(Dense, width).Add(Dense, width).Take();
}

absl::Status CheckImage(const ArchitectureOptions& options) {
  const Shape& image = options.image;
  const int64_t least = std::min(image[1], image[2]);
  if (options.name == "vit-tiny" && (image[1] % ViTPatch(image) != 0 || image[2] % ViTPatch(image) != 0)) {
    return absl::InvalidArgumentError(absl::StrCat("vit-tiny cuts images into patches of ", ViTPatch(image),
                                                   ", which do not cover ", image[1], " x ", image[2], " pixels"));
  }
  // Two pools of simple-cnn, three of ResNet-9; VGG-11, ResNet-18 and RevNet-18 stop at one row.
  if (least >= 8) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("images of ", image[1], " x ", image[2], " pixels are too small for ",
                                                 options.name, ": 8 at least"));
}

}  // namespace

std::vector<std::string> ArchitectureNames() {
  return {"simple-cnn", "vgg11", "resnet9", "resnet18", "revnet18", "vit-tiny", "mlp"};
}

Architecture VisionTransformer(const Shape& image, int64_t patch, int64_t layers, int64_t width, int64_t heads) {
  Builder builder(image);
  builder.Add(Patches, patch, width);
  for (int64_t layer = 0; layer < layers; ++layer) builder.Add(Transformer, heads);
  return {builder.Take(), ReadOutKind::kToken};
}

absl::StatusOr<Architecture> MakeArchitecture(const ArchitectureOptions& options) {
  if (options.name == "none") return Architecture{};
  SID_RETURN_IF_ERROR(FindName("network", options.name, ArchitectureNames()).status());
  SID_RETURN_IF_ERROR(CheckImage(options));
  const int64_t width = options.width;
  if (options.name == "vgg11") return Architecture{Vgg11(options.image, width > 0 ? width : 64)};
  if (options.name == "resnet9") return Architecture{ResNet9(options.image, width > 0 ? width : 64), ReadOutKind::kMax};
  if (options.name == "resnet18") return Architecture{ResNet18(options.image, width > 0 ? width : 64)};
  if (options.name == "revnet18") return Architecture{RevNet18(options.image, width > 0 ? width : 64)};
  if (options.name == "mlp") return Architecture{Mlp(options.image, width > 0 ? width : 800)};
  if (options.name == "simple-cnn") {
    return Architecture{SimpleCnn(options.image, width > 0 ? width : 32, options.features)};
  }
  constexpr int64_t kHeadWidth = 64;
  const int64_t vit_width = width > 0 ? width : 192;
  if (vit_width % kHeadWidth == 0) {
    return VisionTransformer(options.image, ViTPatch(options.image), 12, vit_width, vit_width / kHeadWidth);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("vit-tiny of width ", vit_width, " has no whole number of heads of ", kHeadWidth, ": try 192"));
}

}  // namespace sid
