#include "baselines/decoupled_interfaces.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/nll_loss.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "baselines/backpropagation.h"
#include "baselines/peers_for_tests.h"

namespace sid {
namespace {

std::unique_ptr<Learner> Make(const Network& network, const OptimizerOptions& optimizer = kPlainDescent) {
  return MakeDecoupledInterfacesLearner(CloneTo(network, at::kCPU, at::kDouble), {.seed = kTestSeed}, optimizer);
}

// B d l / d h_b of the network as one graph.
std::vector<at::Tensor> TrueGradients(const Network& network, const Batch& batch) {
  const at::AutoGradMode with_graph(true);
  const Stage stage = WithLeaves(network.stages[0]);
  std::vector<at::Tensor> h;
  for (size_t b = 0; b < stage.blocks.size(); ++b)
    h.push_back(stage.blocks[b].forward(b == 0 ? batch.images : h[b - 1], stage.tensors[b], {.training = true}));
  const at::Tensor z = stage.read_out.forward(h.back(), stage.read_out_tensors, {});
  const at::Tensor log_p = network.stages[0].heads.at(0).Output({}, z).log_softmax(-1);
  std::vector<at::Tensor> gradients = torch::autograd::grad({at::nll_loss(log_p, batch.labels)}, h);
  for (at::Tensor& one : gradients) one = one * static_cast<double>(kTestBatch);
  return gradients;
}

// Its identity: with the true gradient in the synthetic one's place it is backpropagation, and the targets are the true gradients.
TEST(DecoupledInterfaces, WithTrueGradientsAreBackpropagation) {
  for (const std::string& name : ArchitectureNames()) {
    const Network network = TestNetwork(name);
    const Batch batch = TestBatch();
    const std::vector<at::Tensor> exact = TrueGradients(network, batch);
    const Network own = CloneTo(network, at::kCPU, at::kDouble);
    const CutPass pass = RunCut(own, at::kDouble, batch.images);
    const InterfacePass back = RunBack(pass, at::nll_loss(pass.top.log_belief, batch.labels),
                                       [&](size_t b, const at::Tensor&) { return exact[b]; });
    const auto bp =
        MakeBackpropagationLearner(Backpropagation::kBp, CloneTo(network, at::kCPU, at::kDouble), {}, kPlainDescent);
    const TensorsByName expected = GradientsSeenInAStep(*bp, batch);
    for (size_t b = 0; b <= exact.size(); ++b) {
      const std::vector<NamedTensor> named = b < exact.size() ? BlockParameters(own, b) : TopParameters(own);
      for (size_t k = 0; k < named.size(); ++k)
        EXPECT_LT(Difference(back.gradients[b][k], expected.at(named[k].name)), 1e-11) << name << ", " << named[k].name;
      if (b < exact.size()) {
        EXPECT_LT(Difference(back.targets[b], exact[b]), 1e-11) << name << ", block " << b + 1;
      }
    }
  }
}

// Interfaces begin at 0: at first only the head and, by their targets, the interfaces move.
TEST(DecoupledInterfaces, BeginWithoutAGradient) {
  for (const std::string& name : ArchitectureNames()) {
    const Network network = TestNetwork(name);
    for (const auto& [tensor, gradient] : GradientsSeenInAStep(*Make(network), TestBatch())) {
      if (tensor.starts_with("blocks.")) {
        EXPECT_EQ(gradient.abs().max().item<double>(), 0) << name << ", " << tensor;
      }
      if (tensor.starts_with("heads.")) {
        EXPECT_GT(gradient.abs().max().item<double>(), 0) << name << ", " << tensor;
      }
    }
  }
}

// The last interface is taught the true gradient: while it states 0, its bias follows -2 times that, a mean over all numbers.
TEST(DecoupledInterfaces, AreTaughtWhatComesBack) {
  const Network network = TestNetwork("mlp");
  const Batch batch = TestBatch();
  const at::Tensor exact = TrueGradients(network, batch).back();
  const TensorsByName actual = GradientsSeenInAStep(*Make(network), batch);
  EXPECT_LT(Difference(actual.at("interfaces.3.bias_2"), -2 * exact.mean(0) / exact.size(1)), 1e-11);
  EXPECT_EQ(actual.at("interfaces.1.bias_2").abs().max().item<double>(), 0);  // whose target is still 0
}

// Its isolation: once interfaces state something, a block's gradient depends on what comes in, its own interface and nothing after it.
TEST(DecoupledInterfaces, BlocksDoNotDependOnThoseAfterThem) {
  for (const std::string name : {"mlp", "simple-cnn"}) {
    const Network network = TestNetwork(name);
    // By Adam, whose steps have a size whatever the gradients' is.
    const auto step = [&](bool change) {
      const auto learner = Make(network, {});
      PhaseTimer untimed;
      for (int k = 0; k < 8; ++k) learner->Step(TestBatch(), 0.003, untimed);  // until the first block has a gradient
      for (const NamedTensor& one : learner->State())
        if (change && one.name == "blocks.2.weight") one.tensor.mul_(1.5);
      return GradientsSeenInAStep(*learner, TestBatch());
    };
    const TensorsByName before = step(false), after = step(true);
    EXPECT_GT(before.at("blocks.1.weight").norm().item<double>(), 0) << name;
    EXPECT_LT(Difference(after.at("blocks.1.weight"), before.at("blocks.1.weight")), 1e-12) << name;
    EXPECT_GT(Difference(after.at("blocks.2.weight"), before.at("blocks.2.weight")), 1e-6) << name;
    EXPECT_GT(Difference(after.at("interfaces.1.bias_2"), before.at("interfaces.1.bias_2")), 1e-6) << name;
  }
}

}  // namespace
}  // namespace sid
