// The flops that a work is said to need are those of the products and convolutions that LibTorch is then asked for.

#include "bench/micro/work.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace sid {
namespace {

using Inputs = c10::ArrayRef<const c10::IValue>;

// [.., m, k] = [.., m, n] [.., n, k].
double ProductFlops(const at::Tensor& left, const at::Tensor& right) {
  return 2.0 * static_cast<double>(left.numel() * right.size(-1));
}

double ProductFlops(const std::string& name, Inputs inputs) {
  static const std::set<std::string> kPlain{"aten::mm", "aten::bmm"};
  static const std::set<std::string> kAdded{"aten::addmm", "aten::addmm_", "aten::baddbmm", "aten::baddbmm_"};
  if (kPlain.contains(name)) return ProductFlops(inputs[0].toTensor(), inputs[1].toTensor());
  if (kAdded.contains(name)) return ProductFlops(inputs[1].toTensor(), inputs[2].toTensor());
  return 0;
}

// `image` [B, channels, h, w] is what the padded convolution reads or what it writes: pixels are as many.
double ConvolutionFlops(const at::Tensor& image, const at::Tensor& weight) {
  const int64_t pixels = image.numel() / image.size(1);
  return 2.0 * static_cast<double>(pixels * weight.numel());
}

double ConvolutionFlops(const std::string& name, Inputs inputs) {
  if (name == "aten::convolution") return ConvolutionFlops(inputs[0].toTensor(), inputs[1].toTensor());
  if (name != "aten::convolution_backward") return 0;
  const double each = ConvolutionFlops(inputs[0].toTensor(), inputs[2].toTensor());
  const c10::List<bool> wanted = inputs.back().toBoolList();  // of the input, the weight, the bias
  return each * (static_cast<int>(wanted.get(0)) + static_cast<int>(wanted.get(1)));
}

struct Flops {
  double products = 0, convolutions = 0;
};

Flops counted;

std::unique_ptr<at::ObserverContext> Count(const at::RecordFunction& function) {
  counted.products += ProductFlops(function.name(), function.inputs());
  counted.convolutions += ConvolutionFlops(function.name(), function.inputs());
  return nullptr;
}

// What LibTorch's dispatcher sees while `work` runs.
Flops FlopsOf(const Work& work) {
  counted = {};
  const auto callback = at::RecordFunctionCallback(Count).needsInputs(true).scopes({at::RecordScope::FUNCTION});
  const at::CallbackHandle handle = at::addThreadLocalCallback(callback);
  work.run();
  at::removeCallback(handle);
  return counted;
}

TEST(Work, NeedsTheFlopsThatItSays) {
  int64_t steps = 0;
  for (const auto& works : {Primitives(at::kCPU), Steps(at::kCPU)}) {
    for (const NamedWork& named : works) {
      if (named.name.ends_with("/16") || named.name.ends_with("/64")) continue;  // as the others, and slow
      const Work work = named.make();
      const Flops flops = FlopsOf(work);
      EXPECT_DOUBLE_EQ(flops.products, work.flops) << named.name;
      EXPECT_DOUBLE_EQ(flops.convolutions, work.convolution_flops) << named.name;
      steps += named.name.starts_with("step/");
    }
  }
  EXPECT_GT(steps, 0);
}

TEST(Bounds, AreTheLargerOfComputingAndMovingBytes) {
  const Bounds bounds{.bytes_per_second = 10, .fp32 = {100, 50}, .bf16 = {400, 200}};
  EXPECT_DOUBLE_EQ(bounds.Seconds({.bytes = 20, .flops = 50, .convolution_flops = 50}), 2);
  EXPECT_DOUBLE_EQ(bounds.Seconds({.bytes = 5, .flops = 50, .convolution_flops = 50}), 1.5);
  EXPECT_DOUBLE_EQ(bounds.Seconds({.flops = 800, .convolution_flops = 200, .precision = Precision::kBf16}), 3);
}

}  // namespace
}  // namespace sid
