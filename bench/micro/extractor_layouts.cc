#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/random.h"
#include "bench/micro/work.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr int64_t kSide = 32;

struct Layout {
  std::string name;
  at::MemoryFormat format;
};

// The extractor's weights as leaves of a graph, and a batch of images, in one layout and type.
struct ExtractorSetting {
  Stage extractor;
  at::Tensor images, features_gradient;
};

std::shared_ptr<ExtractorSetting> MakeExtractorSetting(at::MemoryFormat format, at::Device device,
                                                       Precision precision) {
  Network network = EmptyNetwork({});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  const at::ScalarType type = ComputeType(precision, at::kFloat);
  auto setting = std::make_shared<ExtractorSetting>();
  setting->extractor = WithLeaves(CloneTo(network, device, type).stages[0]);
  for (BlockTensors& tensors : setting->extractor.tensors) {
    if (tensors[0].dim() == 4) tensors[0] = tensors[0].detach().contiguous(format).requires_grad_(true);
  }
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  const at::Tensor images = at::randn({kBatch, 3, kSide, kSide}, generator, at::kFloat);
  setting->images = images.to(device, type).contiguous(format);
  setting->features_gradient = at::randn({kBatch, kFeatures}, generator, at::kFloat).to(device, type);
  return setting;
}

// Forward and backward.
Work ExtractorWork(at::MemoryFormat format, at::Device device, Precision precision) {
  const auto setting = MakeExtractorSetting(format, device, precision);
  const std::vector<at::Tensor> weights = Tensors(BodyTensors(setting->extractor));
  const Flops flops = ExtractorFlops(kBatch, 3, kSide, kFeatures);
  return {.flops = flops.products,
          .convolution_flops = flops.convolutions,
          .precision = precision,
          .examples = kBatch,
          .run = [setting, weights] {
            const at::AutoGradMode mode(true);
            const at::Tensor features = RunBody(setting->extractor, setting->images, {.training = true}).features;
            torch::autograd::grad({features}, weights, {setting->features_gradient});
          }};
}

}  // namespace

Flops ExtractorFlops(int64_t batch, int64_t channels, int64_t side, int64_t features) {
  const auto pixels = static_cast<double>(side * side);
  const double first = pixels * static_cast<double>(channels) * 32;
  const double others = pixels * (32 * 64 + (64 * 128 + 128 * 128) / 4.0);
  const auto examples = static_cast<double>(batch);
  return {2.0 * 3 * examples * 128 * static_cast<double>(features), 2.0 * 9 * examples * (2 * first + 3 * others)};
}

std::vector<NamedWork> ExtractorLayouts(at::Device device) {
  const Layout layouts[] = {{"contiguous", at::MemoryFormat::Contiguous},
                            {"channels_last", at::MemoryFormat::ChannelsLast}};
  std::vector<NamedWork> works;
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    for (const Layout& layout : layouts) {
      const std::string end = precision == Precision::kBf16 ? "/bf16" : "";
      works.push_back({"extractor/" + layout.name + end,
                       [=, format = layout.format] { return ExtractorWork(format, device, precision); }});
    }
  }
  return works;
}

}  // namespace sid
