// The flops that a work, or a step, is said to need are those of the products and convolutions that LibTorch is then asked for.

#include "bench/micro/work.h"

#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "bench/contenders/contender.h"
#include "sid/network/architectures.h"

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

double counted;

std::unique_ptr<at::ObserverContext> Count(const at::RecordFunction& function) {
  counted += ProductFlops(function.name(), function.inputs()) + ConvolutionFlops(function.name(), function.inputs());
  return nullptr;
}

// What LibTorch's dispatcher sees while `run` runs.
double FlopsOf(const std::function<void()>& run) {
  counted = 0;
  const auto callback = at::RecordFunctionCallback(Count).needsInputs(true).scopes({at::RecordScope::FUNCTION});
  const at::CallbackHandle handle = at::addThreadLocalCallback(callback);
  run();
  at::removeCallback(handle);
  return counted;
}

TEST(Work, NeedsTheFlopsThatItSays) {
  for (const auto& works : {Bounds(at::kCPU), Primitives(at::kCPU)}) {
    for (const NamedWork& named : works) {
      if (named.name.ends_with("/16") || named.name.ends_with("/64")) continue;  // as the others, and slow
      const Work work = named.make();
      EXPECT_DOUBLE_EQ(FlopsOf(work.run), work.flops) << named.name;
    }
  }
}

// Products of a step's modules, by B H (docs/benchmarks.md): SID's are in sid/cascade/batched.h; without an extractor nobody needs d l / d z, 2 D.
// Backpropagation has the same and d l / d q besides, 2 C, but for the first module's.
double CascadeFlops(const Contender& contender, const Problem& problem) {
  const auto classes = static_cast<double>(problem.classes), features = static_cast<double>(problem.features);
  const auto depth = static_cast<double>(contender.depth);
  double modules = depth * (10 * classes + (problem.extractor ? 6 : 4) * features);
  if (contender.learner != "sid") modules += (depth - 1) * 2 * classes;
  if (contender.learner == "sid" && contender.executor == "serial") modules += depth * (4 * classes + 2 * features);
  return modules * static_cast<double>(contender.batch * problem.hidden);
}

// The extractor's, forward and, for weights and inputs, twice as much backward; the images need no gradient.
double ExtractorFlops(const Contender& contender, const Problem& problem) {
  const auto blocks = MakeArchitecture({.image = {problem.channels, problem.side, problem.side}}).value().blocks;
  double each = -blocks.front().cost.flops;
  for (const Block& block : blocks) each += 3 * block.cost.flops;
  return each * static_cast<double>(contender.batch);
}

// What one learner must compute and another need not is what the page says, and nothing hides in the rest.
TEST(Steps, NeedTheFlopsThatThePageSays) {
  for (const bool extractor : {false, true}) {
    const Problem problem{.extractor = extractor};
    for (const Contender& contender :
         {Contender{.executor = "serial"}, Contender{}, Contender{.chunk = 2}, Contender{.precision = "bf16"},
          Contender{.learner = "bp-chain"}, Contender{.learner = "bp-chain", .precision = "bf16"},
          Contender{.learner = "bp-deep"}}) {
      const auto learner = MakeContender(contender, problem, at::kCPU).value();
      const Batch batch = MakeBatch(contender, problem, at::kCPU);
      PhaseTimer untimed;
      const double expected = CascadeFlops(contender, problem) + (extractor ? ExtractorFlops(contender, problem) : 0);
      EXPECT_DOUBLE_EQ(FlopsOf([&] { learner->Step(batch, 1e-5, untimed); }), expected) << Label(contender);
    }
  }
}

}  // namespace
}  // namespace sid
