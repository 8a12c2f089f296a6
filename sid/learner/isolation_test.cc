// Isolation: what one module learns does not reach another, and does not depend on later ones.

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <vector>

#include "sid/learner/stage_kinds_for_tests.h"

namespace sid {
namespace {

using IsolationTest = EveryKind;

// The gradient of module i's loss by any weight of another module, or of another stage's blocks, is exactly 0.
TEST_P(IsolationTest, NoLossReachesAnotherModule) {
  const Kind& kind = GetParam();
  const Network leaves = WithLeaves(MakeNetwork(kind));
  const std::vector<at::Tensor> losses = Losses(leaves, OptionsOf(kind), MakeBatch(kind));
  for (const Stage& stage : leaves.stages) {
    for (int64_t own = 0; own < stage.heads.depth(); ++own) {
      const int64_t module = stage.first_module + own;
      const std::vector<at::Tensor> gradients = OracleGradients(leaves, losses[module]);
      size_t k = 0;
      for (const Stage& other : leaves.stages) {
        for (const NamedTensor& tensor : Learning(AllTensors(other))) {
          at::Tensor gradient = gradients[k++].clone();
          const bool same = other.first_module == stage.first_module;
          if (IsBorrowed(kind, leaves, stage, tensor.tensor)) {
            EXPECT_GT(gradient.abs().max().item<double>(), 0) << tensor.name;
            continue;
          }
          if (same && tensor.first_module == kNobody) continue;
          if (same) gradient[own].zero_();
          EXPECT_EQ(gradient.abs().max().item<double>(), 0) << "module " << module << " reaches " << tensor.name;
        }
      }
    }
  }
}

// Changed weights of later modules leave the bits of earlier ones alone.
TEST_P(IsolationTest, LaterModulesDoNotMatter) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), changed = CloneTo(network, at::kCPU, at::kDouble);
  const Stage& last = changed.stages.back();
  const int64_t depth = last.heads.depth();
  for (at::Tensor stack : Tensors(last.heads)) stack.select(0, depth - 1).mul_(3);
  const bool alone = depth == 1;  // then its blocks may change too
  if (alone) {
    for (at::Tensor& weight : Tensors(Learning(BodyTensors(last)))) weight.mul_(1.5);
  }
  for (const Executor executor : Executors(network)) {
    const std::vector<at::Tensor> a = GradientsSeenInAStep(kind, network, executor),
                                  b = GradientsSeenInAStep(kind, changed, executor);
    const std::vector<NamedTensor> names = Learning(AllTensors(network));
    const size_t of_last = Learning(AllTensors(last)).size();
    for (size_t k = 0; k < a.size(); ++k) {
      if (IsBorrowed(kind, network, network.stages.back(), names[k].tensor)) continue;
      if (k + of_last < a.size()) {
        EXPECT_TRUE(at::equal(a[k], b[k])) << names[k].name;
      } else if (names[k].first_module != kNobody) {
        EXPECT_TRUE(at::equal(a[k].slice(0, 0, depth - 1), b[k].slice(0, 0, depth - 1))) << names[k].name;
      }
    }
    EXPECT_FALSE(at::equal(a.back(), b.back()));
  }
}

INSTANTIATE_TEST_SUITE_P(All, IsolationTest, testing::ValuesIn(Kinds()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sid
