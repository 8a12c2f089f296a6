#include "baselines/petra.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/machine/memory.h"
#include "baselines/backpropagation.h"
#include "baselines/peers_for_tests.h"
#include "sid/network/reversible.h"

namespace sid {
namespace {

constexpr size_t kBlocks = 9;

Network Copy(const Network& network) { return CloneTo(network, at::kCPU, at::kDouble); }

std::unique_ptr<PetraLearner> Make(const Network& network, const OptimizerOptions& optimizer = kPlainDescent) {
  return std::make_unique<PetraLearner>(Copy(network), PeerOptions{}, optimizer);
}

Batch NumberedBatch(uint64_t number, int64_t size = kTestBatch) {
  at::Generator generator = MakeGenerator(kTestSeed, RandomUse::kSynthetic, {number});
  const at::Tensor images = at::randn({size, 3, kTestSide, kTestSide}, generator, at::kDouble);
  return {images, at::randint(kTestClasses, {size}, generator, at::kLong)};
}

// Its identity: a batch alone meets the same weights back as forth, so inversion gives backpropagation's gradients; statistics move once.
TEST(Petra, WithoutDelayIsBackpropagation) {
  const HeadShape conv{.kind = HeadKind::kConv, .hidden = 7, .belief_input = false};
  const HeadShape mlp{.hidden = 7, .belief_input = false};
  for (const HeadShape& head : {kBlindLinear, mlp, conv}) {
    const Network network = TestNetwork("revnet18", head);
    const auto petra = Make(network);
    const auto bp = MakeBackpropagationLearner(Backpropagation::kBp, Copy(network), {}, kPlainDescent);
    ExpectEqual(GradientsSeenInAStep(*petra, TestBatch()), GradientsSeenInAStep(*bp, TestBatch()), 1e-10);
    const std::vector<NamedTensor> own = petra->State(), exact = bp->State();
    for (size_t k = 0; k < own.size(); ++k) EXPECT_LT(Difference(own[k].tensor, exact[k].tensor), 1e-10) << own[k].name;
  }
}

// The pipeline, each batch alone in it, gives Step's bits.
TEST(Petra, APipelineDrainedAfterEachBatchTakesItsSteps) {
  const Network network = TestNetwork("revnet18");
  const auto alone = Make(network, {}), piped = Make(network, {});
  const auto pipeline = MakePetraPipeline(*piped);
  PhaseTimer untimed;
  for (uint64_t t = 0; t < 3; ++t) {
    alone->Step(NumberedBatch(t), 0.01, untimed);
    EXPECT_TRUE(pipeline->Begin(NumberedBatch(t), 0.01).empty());
    EXPECT_EQ(pipeline->Drain().size(), 1u);
    pipeline->TakeState();
  }
  const std::vector<NamedTensor> a = alone->State(), b = piped->State();
  for (size_t k = 0; k < a.size(); ++k) EXPECT_TRUE(at::equal(a[k].tensor, b[k].tensor)) << a[k].name;
}

// Block b's gradients of batch t by the definition: w[k] are the weights at the beginning of tick k, in which batch k enters. Forward passes of
// whole blocks by autograd; inputs by Invert, or as they were.
TensorsByName GradientsByDefinition(const std::vector<Network>& w, const Batch& batch, size_t t) {
  const auto block = [&](size_t tick, size_t b) { return WithLeaves(OnlyBlock(w[tick].stages[0], b)); };
  std::vector<at::Tensor> h{batch.images};
  for (size_t b = 0; b < kBlocks; ++b) {
    const Stage own = block(t + b, b);
    h.push_back(own.blocks[0].forward(h[b], own.tensors[0], {.training = true}).detach());
  }
  TensorsByName gradients;
  const auto differentiate = [&](const at::Tensor& y, const std::vector<NamedTensor>& leaves, const at::Tensor& x,
                                 const at::Tensor& by_y) {
    std::vector<at::Tensor> wanted = Tensors(leaves);
    wanted.push_back(x);
    const std::vector<at::Tensor> found = torch::autograd::grad({y}, wanted, {by_y});
    for (size_t k = 0; k < leaves.size(); ++k) gradients[leaves[k].name] = found[k];
    return found.back();
  };
  at::Tensor x = h[kBlocks].requires_grad_(true), found = h[kBlocks].detach();
  Network top = WithLeaves(w[t + kBlocks]);
  const at::Tensor z = top.stages[0].read_out.forward(x, {}, {});
  const at::Tensor loss = at::nll_loss(top.stages[0].heads.at(0).Output({}, z).log_softmax(-1), batch.labels);
  const Stage heads{.heads = top.stages[0].heads};
  at::Tensor gradient = differentiate(loss, Learning(HeadTensors(heads.heads, 0)), x, at::ones({}, at::kDouble));
  for (size_t b = kBlocks; b-- > 0;) {
    const Stage own = block(t + 2 * kBlocks - b, b);
    const BlockFunction& coupling = own.blocks[0].coupling;
    found =
        coupling == nullptr ? h[b] : Uncouple(found, coupling(SecondStream(found), own.tensors[0], {.training = true}));
    found = found.detach();
    x = found.detach().requires_grad_(true);
    const at::Tensor y = own.blocks[0].forward(x, own.tensors[0], {.training = true});
    gradient = differentiate(y, Learning(BodyTensors(own)), x, gradient);
  }
  return gradients;
}

// The delays: stage j of J = 10 moves by the gradient of the batch that it saw 2 (J - j) ticks ago, by weights of today.
TEST(Petra, GradientsAreAsLateAsThePaperSays) {
  constexpr double kRate = 0.05;
  constexpr size_t kTicks = 24;
  const auto learner = Make(TestNetwork("revnet18"));
  const auto pipeline = MakePetraPipeline(*learner);
  const auto weights = [&] {
    Network copy = TestNetwork("revnet18");
    const std::vector<NamedTensor> own = AllTensors(copy), now = Weights(*learner);
    for (size_t k = 0; k < own.size(); ++k) at::Tensor(own[k].tensor).copy_(now[k].tensor);
    return copy;
  };
  std::vector<Network> w{weights()};
  std::vector<TensorsByName> by_tick{LearningByName(*learner)};
  size_t rows = 0;
  for (size_t t = 0; t < kTicks; ++t) {
    rows += pipeline->Begin(NumberedBatch(t), kRate).size();
    w.push_back(weights());
    by_tick.push_back(LearningByName(*learner));
  }
  EXPECT_EQ(rows, kTicks - 2 * kBlocks);  // a batch has ended when stage 1 has its gradient
  for (size_t t = 0; t + 2 * kBlocks < kTicks; ++t) {
    for (const auto& [name, gradient] : GradientsByDefinition(w, NumberedBatch(t), t)) {
      const bool head = name.starts_with("heads.");
      const size_t block = head ? kBlocks : static_cast<size_t>(name[7] - '1');  // "blocks.3.weight"
      const size_t tick = t + 2 * kBlocks - block;
      const at::Tensor seen = (by_tick[tick].at(name) - by_tick[tick + 1].at(name)) / kRate;
      EXPECT_LT(Difference(seen, gradient), 1e-9) << name << ", batch " << t;
    }
  }
}

// Its isolation: within a tick no stage looks at another one's weights.
TEST(Petra, StagesOfATickDependOnNoOther) {
  const auto move = [](const std::string& changed) {
    const auto learner = Make(TestNetwork("revnet18"));
    const auto pipeline = MakePetraPipeline(*learner);
    for (uint64_t t = 0; t < 2 * kBlocks + 1; ++t) pipeline->Begin(NumberedBatch(t), 0.05);
    for (const NamedTensor& one : learner->State())
      if (one.name == changed) one.tensor.mul_(1.5);
    TensorsByName before = LearningByName(*learner);
    pipeline->Begin(NumberedBatch(99), 0.05);
    for (auto& [name, tensor] : before) tensor -= LearningByName(*learner).at(name);
    return before;
  };
  const TensorsByName usual = move("");
  for (const auto& [name, tensor] : usual) EXPECT_GT(tensor.norm().item<double>(), 0) << name;
  using Names = std::vector<std::string>;
  EXPECT_EQ(Owners(usual, move("blocks.5.normalisation_2.weight")), Names{"blocks.5"});
  EXPECT_EQ(Owners(usual, move("blocks.6.skip_normalisation.weight")), Names{"blocks.6"});
  EXPECT_EQ(Owners(usual, move("heads.1.feature_weight")), Names{"heads.1"});
}

// What is stored, in bytes: of blocks 1, 4, 6 and 8 the inputs of the ticks from forth to back, and what is on its way.
TEST(Petra, KeepsInputsOfBlocksThatAreNotReversibleAlone) {
  CountCpuTensorBytes();
  const auto learner = Make(TestNetwork("revnet18"));
  const auto pipeline = MakePetraPipeline(*learner);
  const std::vector<Block> blocks = TestArchitecture("revnet18").blocks;
  const auto numbers = [&](size_t b) {  // of block b's output
    int64_t product = kTestBatch;
    for (const int64_t size : blocks[b].output) product *= size;
    return product;
  };
  const int64_t images = kTestBatch * 3 * kTestSide * kTestSide,
                shown = kTestBatch * (kTestClasses + blocks.back().output[0]) + 1;
  int64_t expected = images * 18 + shown * kBlocks;
  for (const size_t b : {3, 5, 7}) expected += numbers(b - 1) * static_cast<int64_t>(2 * (kBlocks - b));
  for (size_t b = 0; b < kBlocks; ++b) expected += 3 * numbers(b);  // h forward, h and d back
  const int64_t before = LiveTensorBytes(at::kCPU);
  const std::vector<NamedTensor> state = learner->State();
  for (uint64_t t = 0; t < 30; ++t) pipeline->Begin(NumberedBatch(t), 0.05);
  const double bytes = static_cast<double>(LiveTensorBytes(at::kCPU) - before);
  EXPECT_NEAR(bytes / (8.0 * static_cast<double>(expected)), 1, 0.02) << bytes;
  pipeline->Drain();
  EXPECT_LT(static_cast<double>(LiveTensorBytes(at::kCPU) - before), 1000.0);
}

// Late as its gradients are, it learns: of each class another channel is brighter.
TEST(Petra, LearnsInThePipeline) {
  const auto batch = [](uint64_t number, int64_t size) {
    at::Generator generator = MakeGenerator(kTestSeed, RandomUse::kSynthetic, {number});
    const at::Tensor labels = at::randint(3, {size}, generator, at::kLong);
    const at::Tensor bright = at::eye(3, at::kDouble).index_select(0, labels).view({size, 3, 1, 1});
    return Batch{at::randn({size, 3, kTestSide, kTestSide}, generator, at::kDouble) + 0.3 * bright, labels};
  };
  const auto learner = Make(TestNetwork("revnet18"), {});
  const auto pipeline = MakePetraPipeline(*learner);
  const Batch unseen = batch(1000, 200);
  const auto accuracy = [&] {
    return learner->Predict(unseen.images)[-1].argmax(-1).eq(unseen.labels).to(at::kDouble).mean().item<double>();
  };
  EXPECT_LT(accuracy(), 0.5);
  for (uint64_t t = 0; t < 120; ++t) pipeline->Begin(batch(t, 16), 3e-3);
  pipeline->Drain();
  EXPECT_GT(accuracy(), 0.8);
}

// A smaller batch, as an epoch may end with, goes through between others.
TEST(Petra, BatchesMayDifferInSize) {
  const auto learner = Make(TestNetwork("revnet18"));
  const auto pipeline = MakePetraPipeline(*learner);
  size_t rows = 0;
  for (uint64_t t = 0; t < 25; ++t) rows += pipeline->Begin(NumberedBatch(t, t % 5 == 4 ? 3 : 6), 0.01).size();
  EXPECT_EQ(rows + pipeline->Drain().size(), 25u);
  EXPECT_FALSE(pipeline->is_exact());
}

TEST(Petra, NetworksThatAreNotReversibleAreRefused) {
  EXPECT_TRUE(ValidatePetra(TestNetwork("revnet18")).ok());
  for (const std::string& name : ArchitectureNames()) {
    if (name == "revnet18") continue;
    const absl::Status status = ValidatePetra(TestNetwork(name));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_NE(status.message().find("no reversible block: use revnet18"), absl::string_view::npos) << name;
  }
}

}  // namespace
}  // namespace sid
