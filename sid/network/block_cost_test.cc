// What blocks are said to cost against what LibTorch is asked to multiply and what its autograd keeps.

#include <ATen/ops/randn.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/machine/memory.h"
#include "sid/network/architectures.h"
#include "sid/network/initialisation.h"
#include "sid/network/network.h"

namespace sid {
namespace {

double counted_flops = 0;

int64_t OutputSide(int64_t side, int64_t kernel, int64_t stride, int64_t padding) {
  return (side + 2 * padding - kernel) / stride + 1;
}

double Flops(const std::string& name, c10::ArrayRef<const c10::IValue> inputs) {
  int64_t products = 0;
  if (name == "aten::convolution") {  // each weight at each position of the output
    const at::Tensor x = inputs[0].toTensor(), weight = inputs[1].toTensor();
    // One number for both sides, or two.
    const int64_t stride = inputs[3].toIntVector()[0], padding = inputs[4].toIntVector()[0];
    products = x.size(0) * weight.numel();
    for (const int64_t d : {2, 3}) products *= OutputSide(x.size(d), weight.size(d), stride, padding);
  } else if (name == "aten::linear") {
    products = inputs[0].toTensor().numel() * inputs[1].toTensor().size(0);
  } else if (name == "aten::scaled_dot_product_attention") {  // queries with keys, then weights with values
    const at::Tensor query = inputs[0].toTensor();
    products = 2 * query.numel() * inputs[1].toTensor().size(-2);
  }
  return 2.0 * static_cast<double>(products);
}

std::unique_ptr<at::ObserverContext> Count(const at::RecordFunction& function) {
  counted_flops += Flops(function.name(), function.inputs());
  return nullptr;
}

// For each block of each architecture: visit(block, tensors, a batch of its inputs, in float32).
template <typename Visitor>
void ForEachBlock(int64_t side, int64_t batch, const Visitor& visit) {
  for (const std::string& name : ArchitectureNames()) {
    const int64_t width = name == "vit-tiny" ? 64 : 8;
    const Architecture architecture =
        MakeArchitecture({.name = name, .image = {3, side, side}, .width = width}).value();
    Network network =
        EmptyNetwork(architecture, {static_cast<int64_t>(architecture.blocks.size())}, {}, /*classes=*/10);
    Initialise(Initialisation::kKaiming, /*seed=*/1, {}, network);
    const Stage stage = WithLeaves(network.stages[0]);
    at::Tensor x = at::randn({batch, 3, side, side});
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      SCOPED_TRACE(absl::StrCat(name, " on ", side, " pixels, block ", b + 1, ": ", stage.blocks[b].kind));
      x = visit(stage.blocks[b], stage.tensors[b], x).detach();
    }
  }
}

TEST(BlockCost, FlopsAreThoseOfTheProductsThatLibTorchIsAskedFor) {
  constexpr int64_t kBatch = 2;
  const auto callback = at::RecordFunctionCallback(Count).needsInputs(true).scopes({at::RecordScope::FUNCTION});
  const at::CallbackHandle handle = at::addThreadLocalCallback(callback);
  for (const int64_t side : {28, 32, 64}) {
    ForEachBlock(side, kBatch, [](const Block& block, const BlockTensors& tensors, const at::Tensor& x) {
      counted_flops = 0;
      const at::Tensor y = block.forward(x, tensors, {.training = true});
      EXPECT_GT(counted_flops, 0);
      EXPECT_EQ(counted_flops / kBatch, block.cost.flops);
      return y;
    });
  }
  at::removeCallback(handle);
}

// Also counted: what normalisations keep of each channel or token, which is little.
TEST(BlockCost, ActivationsAreWhatAutogradKeeps) {
  constexpr int64_t kBatch = 8;
  CountCpuTensorBytes();
  ForEachBlock(32, kBatch, [](const Block& block, const BlockTensors& tensors, const at::Tensor& x) {
    const int64_t before = LiveTensorBytes(at::kCPU);
    const at::Tensor y = block.forward(x, tensors, {.training = true, .write_statistics = true});
    const auto numbers = static_cast<double>(LiveTensorBytes(at::kCPU) - before) / sizeof(float) / kBatch;
    EXPECT_NEAR(block.cost.activations / numbers, 1, 0.05) << numbers << " kept, " << block.cost.activations << " said";
    return y;
  });
}

}  // namespace
}  // namespace sid
