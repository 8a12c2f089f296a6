// A reversible block's input from its output, and the blocks that say they are reversible.

#include "sid/network/reversible.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "sid/network/architectures.h"
#include "sid/network/initialisation.h"
#include "sid/network/network.h"

namespace sid {
namespace {

Network MakeNetwork(const std::string& name, at::ScalarType type) {
  const int64_t width = name == "vit-tiny" ? 64 : 8;
  const Architecture architecture = MakeArchitecture({.name = name, .image = {3, 16, 16}, .width = width}).value();
  Network network = EmptyNetwork(architecture, {static_cast<int64_t>(architecture.blocks.size())}, {}, /*classes=*/3);
  Initialise(Initialisation::kPyTorch, /*seed=*/3, {}, network);
  return CloneTo(network, at::kCPU, type);
}

// RevNet-18's, whose stage of each width ends in one; no other network has any.
TEST(Reversible, AreTheBlocksThatKeepTheirShape) {
  for (const std::string& name : ArchitectureNames()) {
    std::vector<size_t> reversible;
    const Network network = MakeNetwork(name, at::kFloat);
    const std::vector<Block>& blocks = network.stages[0].blocks;
    for (size_t b = 0; b < blocks.size(); ++b)
      if (blocks[b].coupling != nullptr) reversible.push_back(b);
    EXPECT_EQ(reversible, name == "revnet18" ? (std::vector<size_t>{1, 2, 4, 6, 8}) : std::vector<size_t>()) << name;
  }
}

// inverse(forward(x)) = x within rounding, whether the batch or the running statistics normalise; the statistics stay.
TEST(Uncouple, GivesBackWhatTheBlockWasGiven) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    const Stage stage = MakeNetwork("revnet18", type).stages[0];
    at::Generator generator = MakeGenerator(3, RandomUse::kSynthetic);
    for (const bool training : {true, false}) {
      at::Tensor x = at::randn({4, 3, 16, 16}, generator, at::kDouble).to(type);
      for (size_t b = 0; b < stage.blocks.size(); ++b) {
        const at::Tensor y = stage.blocks[b].forward(x, stage.tensors[b], {.training = training});
        if (stage.blocks[b].coupling != nullptr) {
          const at::Tensor mean = stage.tensors[b][3].clone();
          const at::Tensor f = stage.blocks[b].coupling(SecondStream(y), stage.tensors[b], {.training = training});
          const at::Tensor found = Uncouple(y, f);
          EXPECT_LT((found - x).abs().max().item<double>(), type == at::kDouble ? 1e-14 : 3e-6) << b;
          EXPECT_GT((y - x).abs().max().item<double>(), 0.1) << b;
          EXPECT_TRUE(at::equal(FirstStream(found), FirstStream(x))) << b;  // it went through untouched
          EXPECT_TRUE(at::equal(stage.tensors[b][3], mean)) << b;
        }
        x = y;
      }
    }
  }
}

}  // namespace
}  // namespace sid
