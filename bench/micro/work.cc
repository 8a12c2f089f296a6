#include "bench/micro/work.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <memory>

#include "base/machine/precision.h"
#include "base/phase_timer.h"
#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/cascade/batched.h"
#include "sid/network/initialisation.h"
#include "sid/optimizer/optimizer.h"

namespace sid {
namespace {

constexpr int64_t kBatch = 128, kFeatures = 128, kClasses = 100, kHidden = 256;

// A cascade and what its update needs.
struct Setting {
  Cascade modules, gradients;
  at::Tensor alphas, log_q, features_gradient;
  StepInputs inputs;
};

std::shared_ptr<Setting> MakeSetting(int64_t depth, at::Device device, Precision precision = Precision::kFp32) {
  Network network =
      EmptyNetwork({.classes = kClasses, .depth = depth, .features = kFeatures, .hidden = kHidden, .extractor = false});
  Initialise(Initialisation::kKaiming, /*seed=*/1, at::Tensor(), network);
  at::Generator generator = MakeGenerator(1, RandomUse::kSynthetic);
  auto setting = std::make_shared<Setting>();
  const at::ScalarType type = ComputeType(precision, at::kFloat);
  setting->modules = CloneTo(network, device, type).stages[0].heads;
  setting->gradients = ZerosLike(setting->modules);
  setting->inputs.features = at::randn({kBatch, kFeatures}, generator, at::kFloat).to(device, type);
  const at::Tensor labels = at::randint(kClasses, {kBatch}, generator, at::kLong).to(device);
  setting->inputs.log_y = TargetBelief(labels, kClasses, /*smoothing=*/0, type);
  setting->log_q = UniformBelief(kBatch, kClasses, setting->inputs.features.options());
  setting->alphas = at::tensor(std::vector<double>(depth, 0.5)).to(setting->inputs.features.options());
  setting->features_gradient = at::zeros_like(setting->inputs.features);
  return setting;
}

// Of a module: sid/cascade/batched.h.
constexpr double kChainFlops = 4.0 * kBatch * kClasses * kHidden + 2.0 * kBatch * kFeatures * kHidden;
constexpr double kUpdateFlops = 10.0 * kBatch * kClasses * kHidden + 6.0 * kBatch * kFeatures * kHidden;

Work CascadeWork(BeliefChain run_chain, bool update, int64_t depth, at::Device device, Precision precision) {
  const auto setting = MakeSetting(depth, device, precision);
  return {.flops = static_cast<double>(depth) * (update ? kUpdateFlops : kChainFlops), .run = [=] {
            PhaseTimer untimed;
            if (update) {
              BatchedUpdate(run_chain, setting->modules, Divergence::kForward, setting->alphas, setting->inputs,
                            setting->log_q, untimed, setting->gradients, setting->features_gradient);
            } else {
              run_chain(setting->modules, Divergence::kForward, setting->alphas, setting->inputs, setting->log_q,
                        untimed);
            }
          }};
}

Work OptimizerWork(int64_t depth, at::Device device) {
  auto setting = MakeSetting(depth, device);
  double bytes = 0;
  for (const at::Tensor& weight : Tensors(setting->modules)) bytes += static_cast<double>(weight.nbytes());
  auto optimizer = std::make_shared<Optimizer>(HeadTensors(setting->modules, 0), OptimizerOptions{});
  // Reads weights, gradients and both moments; writes all but the gradients.
  return {.bytes = 7 * bytes, .run = [setting, optimizer] {
            optimizer->Step(Tensors(setting->gradients), at::scalar_tensor(1e-5, at::kDouble));
          }};
}

// The third convolution of SimpleCNN on images of 32 x 32 with as many channels out as in.
constexpr int64_t kImages = 128, kChannels = 128, kPixels = 16;

Work CopyWork(at::Device device) {
  const int64_t bytes = int64_t{1} << (device.is_cuda() ? 30 : 26);
  const at::Tensor from = at::ones({bytes / 4}, device), to = at::ones_like(from);
  return {.bytes = 2.0 * static_cast<double>(bytes), .run = [=] { to.copy_(from); }};  // it reads and writes
}

Work ProductWork(const at::TensorOptions& options) {
  const int64_t side = options.device().is_cuda() ? 8192 : 1024;
  const at::Tensor matrix = at::ones({side, side}, options), product = at::ones_like(matrix);
  return {.flops = 2 * std::pow(static_cast<double>(side), 3), .run = [=] {
            at::Tensor out = product;
            at::mm_out(out, matrix, matrix);
          }};
}

Work ConvolutionWork(const at::TensorOptions& options) {
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor images = at::ones({kImages, kChannels, kPixels, kPixels}, options).contiguous(last);
  const at::Tensor weight = at::ones({kChannels, kChannels, 3, 3}, options).contiguous(last);
  return {.flops = 2.0 * kImages * kPixels * kPixels * kChannels * kChannels * 9,
          .run = [=] { at::conv2d(images, weight, {}, /*stride=*/1, /*padding=*/1); }};
}

}  // namespace

std::vector<NamedWork> Primitives(at::Device device) {
  struct Way {
    std::string name;
    BeliefChain run_chain;
    Precision precision = Precision::kFp32;
  };
  const Precision bf16 = Precision::kBf16;
  std::vector<Way> ways{{"operations", ChainByOperations}, {"operations/bf16", ChainByOperations, bf16}};
  if (SupportsChainKernel(MakeSetting(1, device)->modules, at::kFloat).ok()) {
    ways.push_back({"kernel", ChainByKernel});
    ways.push_back({"kernel/bf16", ChainByKernel, bf16});
  }
  std::vector<NamedWork> works;
  for (const int64_t depth : {4, 16, 64}) {
    const std::string end = "/" + std::to_string(depth);
    for (const Way& way : ways) {
      for (const bool update : {false, true}) {
        const std::string name = (update ? "update/" : "chain/") + way.name + end;
        works.push_back({name, [=] { return CascadeWork(way.run_chain, update, depth, device, way.precision); }});
      }
    }
    works.push_back({"optimizer/adam" + end, [=] { return OptimizerWork(depth, device); }});
  }
  return works;
}

std::vector<NamedWork> Bounds(at::Device device) {
  std::vector<NamedWork> works{{"bound/copy", [=] { return CopyWork(device); }}};
  for (const auto& [name, type] : {std::pair{"fp32", at::kFloat}, std::pair{"bf16", at::kBFloat16}}) {
    const at::TensorOptions options = at::TensorOptions(device).dtype(type);
    works.push_back({std::string("bound/product/") + name, [=] { return ProductWork(options); }});
    works.push_back({std::string("bound/convolution/") + name, [=] { return ConvolutionWork(options); }});
  }
  return works;
}

}  // namespace sid
