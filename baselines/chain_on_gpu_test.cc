// Backpropagation's chain on a GPU, where forward and back are kernels, against LibTorch's operations in float64 on the CPU.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>
#include <tuple>
#include <vector>

#include "base/machine/precision.h"
#include "base/random.h"
#include "baselines/chain.h"
#include "sid/cascade/batched.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 23;
constexpr int64_t kFeatures = 12;

struct Shape {
  int64_t depth, classes, hidden, batch;
};

// bp-chain has a loss at the last belief, bp-deep at each.
enum class Losses { kLast, kAll };

struct Problem {
  Cascade cascade;                        // of `type`
  at::Tensor features, belief_gradients;  // [B, D], [n, B, C]
};

Problem MakeProblem(const Shape& shape, BeliefUpdate update, Losses losses, at::ScalarType type) {
  Network network = EmptyNetwork({.classes = shape.classes,
                                  .depth = shape.depth,
                                  .features = kFeatures,
                                  .hidden = shape.hidden,
                                  .belief_update = update});
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic);
  Problem problem{CloneTo(network, at::kCPU, type).stages[0].heads,
                  at::randn({shape.batch, kFeatures}, generator, at::kDouble).to(type),
                  at::randn({shape.depth, shape.batch, shape.classes}, generator, at::kDouble)};
  // float32's are exact in float64, and the loss is one in either.
  problem.belief_gradients = problem.belief_gradients.to(at::kFloat).to(at::kDouble);
  if (losses == Losses::kLast) problem.belief_gradients.slice(0, 0, -1).zero_();
  return problem;
}

// The last belief, then the gradients of the features and all weights, in float64 on the CPU.
std::vector<at::Tensor> Results(const Problem& problem, Losses losses, at::Device device, at::ScalarType type) {
  Cascade cascade = problem.cascade;
  std::vector<at::Tensor> inputs{problem.features.to(device, type).detach().requires_grad_(true)};
  VisitCascade(cascade, [&](const char*, at::Tensor& weight, Role) {
    weight = weight.to(device, type).detach().requires_grad_(true);
    inputs.push_back(weight);
  });
  const std::vector<at::Tensor> log_beliefs = Chain(cascade, inputs[0]);
  const at::Tensor gradients = problem.belief_gradients.to(device, log_beliefs[0].scalar_type());
  const at::Tensor loss = losses == Losses::kAll ? (at::stack(log_beliefs) * gradients).sum()
                                                 : (log_beliefs.back() * gradients[gradients.size(0) - 1]).sum();
  std::vector<at::Tensor> results{log_beliefs.back().detach()};
  for (const at::Tensor& gradient : torch::autograd::grad({loss}, inputs)) results.push_back(gradient);
  for (at::Tensor& result : results) result = result.to(at::kCPU, at::kDouble);
  return results;
}

using Parameters = std::tuple<Shape, BeliefUpdate, Losses, at::ScalarType>;

class ChainOnAGpu : public testing::TestWithParam<Parameters> {
 protected:
  void SetUp() override {
    if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device";
  }
};

double Tolerance(at::ScalarType type) { return type == at::kDouble ? 1e-11 : type == at::kFloat ? 1e-4 : 0.1; }

TEST_P(ChainOnAGpu, GivesWhatOperationsGiveOnTheCpu) {
  const auto& [shape, update, losses, type] = GetParam();
  UsePrecision(Precision::kFp32);  // LibTorch's own default rounds on a GPU
  const at::Device gpu(at::kCUDA, 0);
  const Problem problem = MakeProblem(shape, update, losses, type);
  Cascade there = problem.cascade;
  VisitCascade(there, [&](const char*, at::Tensor& weight, Role) { weight = weight.to(gpu); });
  ASSERT_TRUE(SupportsChainKernel(there, type).ok()) << "the kernel is not tested";
  const std::vector<at::Tensor> expected = Results(problem, losses, at::kCPU, at::kDouble),
                                actual = Results(problem, losses, gpu, type);
  for (size_t k = 0; k < expected.size(); ++k) {
    const double error = ((actual[k] - expected[k]).norm() / expected[k].norm()).item<double>();
    EXPECT_LE(error, Tolerance(type)) << "seed " << kSeed << ", result " << k;
  }
}

// Rows past a cluster's eight, sizes that are no fours, more modules than a launch takes, and the usual size.
std::vector<Shape> Shapes() {
  return {{1, 2, 4, 1}, {3, 10, 9, 7}, {2, 5, 70, 9}, {70, 10, 16, 5}, {8, 100, 256, 128}, {3, 200, 256, 130}};
}

std::string NameOf(const testing::TestParamInfo<Parameters>& info) {
  const auto& [shape, update, losses, type] = info.param;
  return "L" + std::to_string(shape.depth) + "_C" + std::to_string(shape.classes) + "_B" + std::to_string(shape.batch) +
         "_" + BeliefUpdateNames()[static_cast<size_t>(update)] + (losses == Losses::kAll ? "_deep_" : "_chain_") +
         at::toString(type);
}

INSTANTIATE_TEST_SUITE_P(All, ChainOnAGpu,
                         testing::Combine(testing::ValuesIn(Shapes()),
                                          testing::Values(BeliefUpdate::kReplace, BeliefUpdate::kResidual),
                                          testing::Values(Losses::kLast, Losses::kAll),
                                          testing::Values(at::kDouble, at::kFloat, at::kBFloat16)),
                         NameOf);

}  // namespace
}  // namespace sid
