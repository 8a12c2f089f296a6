#pragma once

// Small networks in float64, and the gradients that a learner's step follows.

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "baselines/peer.h"
#include "sid/network/initialisation.h"

namespace sid {

inline constexpr int64_t kTestClasses = 5, kTestBatch = 6, kTestSide = 12;
inline constexpr uint64_t kTestSeed = 11;

inline Network TestNetwork(const Architecture& architecture, const HeadShape& head, Partition partition = {},
                           int64_t classes = kTestClasses) {
  if (partition.empty()) partition = {static_cast<int64_t>(architecture.blocks.size())};
  Network network = EmptyNetwork(architecture, partition, head, classes);
  Initialise(Initialisation::kPyTorch, kTestSeed, at::Tensor(), network);  // with biases other than 0
  return CloneTo(network, at::kCPU, at::kDouble);
}

inline const HeadShape kBlindLinear{.kind = HeadKind::kLinear, .belief_input = false};

inline Architecture TestArchitecture(const std::string& name) {
  const int64_t width = name == "vit-tiny" ? 64 : name == "mlp" ? 20 : 4;
  return MakeArchitecture({.name = name, .image = {3, kTestSide, kTestSide}, .width = width, .features = 9}).value();
}

inline Network TestNetwork(const std::string& name, const HeadShape& head = kBlindLinear, Partition partition = {}) {
  return TestNetwork(TestArchitecture(name), head, std::move(partition));
}

inline Batch TestBatch(int64_t size = kTestBatch) {
  at::Generator generator = MakeGenerator(kTestSeed, RandomUse::kSynthetic);
  const at::Tensor images = at::randn({size, 3, kTestSide, kTestSide}, generator, at::kDouble);
  return {images, at::randint(kTestClasses, {size}, generator, at::kLong)};
}

using TensorsByName = std::map<std::string, at::Tensor>;

inline TensorsByName LearningByName(const Learner& learner) {
  TensorsByName tensors;
  for (const NamedTensor& one : Learning(learner.State())) tensors[one.name] = one.tensor.detach().clone();
  return tensors;
}

inline constexpr OptimizerOptions kPlainDescent{.rule = OptimizerRule::kSgd, .momentum = 0};

// Plain gradient descent shows them: before - after, at a rate of 1.
inline TensorsByName GradientsSeenInAStep(Learner& learner, const Batch& batch) {
  TensorsByName gradients = LearningByName(learner);
  PhaseTimer untimed;
  learner.Step(batch, 1, untimed);
  for (auto& [name, after] : LearningByName(learner)) gradients[name] -= after;
  return gradients;
}

inline double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / (1e-3 + b.norm().item<double>());
}

// Those whose names begin so, or all of them.
inline void ExpectEqual(const TensorsByName& actual, const TensorsByName& expected, double tolerance,
                        const std::string& prefix = "") {
  size_t seen = 0;
  for (const auto& [name, tensor] : expected) {
    if (!name.starts_with(prefix)) continue;
    ++seen;
    ASSERT_TRUE(actual.count(name)) << name;
    EXPECT_LT(Difference(actual.at(name), tensor), tolerance) << name;
  }
  EXPECT_GT(seen, 0u) << prefix;
}

// The names of those that differ, "blocks.2" for all of a block's.
inline std::vector<std::string> Owners(const TensorsByName& a, const TensorsByName& b, double tolerance = 1e-12) {
  std::vector<std::string> owners;
  for (const auto& [name, tensor] : a) {
    if (Difference(b.at(name), tensor) < tolerance) continue;
    const std::string owner = name.substr(0, name.find('.', name.find('.') + 1));
    if (owners.empty() || owners.back() != owner) owners.push_back(owner);
  }
  return owners;
}

}  // namespace sid
