// The serial executor on every kind of network against an oracle that is written anew: module i's loss is one graph over its own stage,
// all before it cut off, differentiated by all weights of the network.

#include "sid/learner/stage_learner.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.h"
#include "sid/belief/belief.h"
#include "sid/learner/inspection.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/initialisation.h"

namespace sid {
namespace {

constexpr uint64_t kSeed = 7;
constexpr int64_t kClasses = 5, kBatch = 6;

struct Kind {
  std::string name;
  ArchitectureOptions architecture;
  Partition partition;
  HeadShape head = {.hidden = 9};
  int64_t side = 12;
  Divergence divergence = Divergence::kForward;
  ExtractorGradient gradient = ExtractorGradient::kSum;
  bool overlap = false;
};

std::vector<Kind> Kinds() {
  const ArchitectureOptions simple{.name = "simple-cnn", .image = {3, 12, 12}, .width = 4, .features = 8};
  const ArchitectureOptions resnet{.name = "resnet9", .image = {3, 16, 16}, .width = 4};
  const auto head = [](HeadKind kind, bool belief, BeliefUpdate update = BeliefUpdate::kReplace) {
    return HeadShape{.kind = kind, .hidden = 9, .belief_input = belief, .belief_update = update};
  };
  const Divergence reverse = Divergence::kReverse;
  return {
      {"shared", simple, {5, 0, 0}},
      {"shared_reverse", simple, {5, 0, 0}, {.hidden = 9}, 12, reverse},
      {"shared_mean", simple, {5, 0, 0}, {.hidden = 9}, 12, Divergence::kForward, ExtractorGradient::kMean},
      {"shared_none", simple, {5, 0, 0}, {.hidden = 9}, 12, Divergence::kForward, ExtractorGradient::kNone},
      {"shared_linear", simple, {5, 0, 0}, head(HeadKind::kLinear, true)},
      {"owned", simple, {2, 2, 1}},
      {"owned_residual", simple, {2, 2, 1}, head(HeadKind::kMlp, true, BeliefUpdate::kResidual)},
      {"owned_and_shared", simple, {3, 0, 2, 0}, head(HeadKind::kMlp, true), 12, reverse},
      {"blind", simple, {2, 2, 1}, head(HeadKind::kMlp, false)},
      {"conv", simple, {2, 2, 1}, head(HeadKind::kConv, true)},
      {"resnet9", resnet, {2, 1, 3}, head(HeadKind::kMlp, true), 16},
      {"resnet9_conv_blind", resnet, {3, 3}, head(HeadKind::kConv, false), 16},
      {"resnet18_linear",
       {.name = "resnet18", .image = {1, 8, 8}, .width = 2},
       {3, 3, 3},
       head(HeadKind::kLinear, true),
       8,
       reverse},
      {"vgg11", {.name = "vgg11", .image = {3, 32, 32}, .width = 2}, {4, 4}, head(HeadKind::kMlp, true), 32},
      {"overlap", simple, {2, 2, 1}, head(HeadKind::kMlp, true), 12, reverse, ExtractorGradient::kSum, true},
      {"overlap_of_one", simple, {1, 1, 1, 2}, head(HeadKind::kConv, true), 12, reverse, ExtractorGradient::kSum, true},
      {"overlap_resnet9", resnet, {2, 1, 3}, head(HeadKind::kConv, true), 16, reverse, ExtractorGradient::kSum, true},
      {"overlap_and_shared",
       simple,
       {3, 0, 2, 0},
       head(HeadKind::kMlp, true),
       12,
       reverse,
       ExtractorGradient::kSum,
       true},
      {"scaled", simple, {3, 0, 2}, {.hidden = 9, .feature_scale = 0.125}},
      {"vit", {.name = "vit-tiny", .image = {3, 8, 8}, .width = 64}, {1, 4, 8}, head(HeadKind::kMlp, true), 8}};
}

SidOptions OptionsOf(const Kind& kind) {
  SidOptions options{
      .divergence = kind.divergence, .smoothing = 0.1, .extractor_gradient = kind.gradient, .overlap = kind.overlap};
  for (size_t i = 0; i < kind.partition.size(); ++i) options.alphas.push_back(0.9 - 0.2 * static_cast<double>(i));
  return options;
}

Network MakeNetwork(const Kind& kind) {
  Network network = EmptyNetwork(MakeArchitecture(kind.architecture).value(), kind.partition, kind.head, kClasses);
  Initialise(Initialisation::kKaiming, kSeed, at::Tensor(), network);
  return CloneTo(network, at::kCPU, at::kDouble);
}

Batch MakeBatch(const Kind& kind, uint64_t number = 0) {
  at::Generator generator = MakeGenerator(kSeed, RandomUse::kSynthetic, {number});
  return {at::randn({kBatch, kind.architecture.image[0], kind.side, kind.side}, generator, at::kDouble),
          at::randint(kClasses, {kBatch}, generator, at::kLong)};
}

// l_i, mean over the batch, of each module.
std::vector<at::Tensor> Losses(const Network& network, const SidOptions& options, const Batch& batch) {
  const at::Tensor log_y = TargetBelief(batch.labels, kClasses, options.smoothing, at::kDouble);
  const auto kl = [](const at::Tensor& t, const at::Tensor& p) { return (t.exp() * (t - p)).sum(-1); };
  at::Tensor h = batch.images, last_input, log_q = at::zeros_like(log_y) - std::log(static_cast<double>(kClasses));
  std::vector<at::Tensor> losses;
  const Stage* before = nullptr;
  for (const Stage& stage : network.stages) {
    h = h.detach();
    // A graph of its own from the block before on.
    if (options.overlap && before != nullptr)
      h = before->blocks.back().forward(last_input.detach(), before->tensors.back(), {.training = true});
    before = &stage;
    for (size_t b = 0; b < stage.blocks.size(); ++b) {
      last_input = h;
      h = stage.blocks[b].forward(h, stage.tensors[b], {.training = true});
    }
    const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, {});
    for (int64_t i = 0; i < stage.heads.depth(); ++i) {
      log_q = log_q.detach();
      const at::Tensor log_p = stage.heads.at(i).Forward(log_q, z).log_softmax(-1);
      const double a = options.alphas[losses.size()];
      const bool forward = options.divergence == Divergence::kForward;
      losses.push_back((forward ? a * kl(log_y, log_p) + (1 - a) * kl(log_q, log_p)
                                : a * kl(log_p, log_y) + (1 - a) * kl(log_p, log_q))
                           .mean());
      log_q = log_p;
    }
  }
  return losses;
}

// Whether overlap lets the losses of `stage` reach this tensor of the stage before.
bool IsBorrowed(const Kind& kind, const Network& network, const Stage& stage, const at::Tensor& tensor) {
  if (!kind.overlap || stage.first_module == 0) return false;
  const auto before = std::find_if(network.stages.begin(), network.stages.end(), [&](const Stage& one) {
    return one.first_block + static_cast<int64_t>(one.blocks.size()) == stage.first_block;
  });
  const BlockTensors& last = before->tensors.back();
  return std::any_of(last.begin(), last.end(), [&](const at::Tensor& one) { return one.is_same(tensor); });
}

// Gradients of module i's loss by all that learns, zeros where there is none.
std::vector<at::Tensor> OracleGradients(const Network& leaves, const at::Tensor& loss) {
  const std::vector<at::Tensor> weights = Tensors(Learning(AllTensors(leaves)));
  std::vector<at::Tensor> gradients =
      torch::autograd::grad({loss}, weights, {}, /*retain_graph=*/true, /*create_graph=*/false, /*allow_unused=*/true);
  for (size_t k = 0; k < gradients.size(); ++k) {
    if (!gradients[k].defined()) gradients[k] = at::zeros_like(weights[k]).detach();
  }
  return gradients;
}

// Plain gradient descent shows the gradient: w_before - w_after = learning rate * gradient.
std::vector<at::Tensor> GradientsSeenInAStep(const Kind& kind, const Network& initial, Executor executor,
                                             at::Tensor* losses = nullptr) {
  const Network network = CloneTo(initial, at::kCPU, at::kDouble);
  const auto learner =
      MakeSidLearner(network, OptionsOf(kind), {.executor = executor}, {.rule = OptimizerRule::kSgd, .momentum = 0});
  PhaseTimer untimed;
  const StepResult result = learner->Step(MakeBatch(kind), 1, untimed);
  if (losses != nullptr) *losses = result.losses;
  const std::vector<at::Tensor> before = Tensors(Learning(AllTensors(initial))),
                                after = Tensors(Learning(AllTensors(network)));
  std::vector<at::Tensor> gradients;
  for (size_t k = 0; k < after.size(); ++k) gradients.push_back(before[k] - after[k]);
  return gradients;
}

void ExpectClose(const at::Tensor& actual, const at::Tensor& expected, const std::string& what) {
  EXPECT_LT((actual - expected).norm().item<double>(), 1e-9 * (1e-3 + expected.norm().item<double>())) << what;
}

class StageLearnerTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { RecordProperty("seed", std::to_string(kSeed)); }
  std::vector<Executor> Executors(const Network& network) const {
    if (network.stages[0].heads.perceptrons()) return {Executor::kSerial, Executor::kBatched};
    return {Executor::kSerial};
  }
};

TEST_P(StageLearnerTest, MovesEveryWeightByItsOwnModulesLossesAlone) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), leaves = WithLeaves(network);
  const std::vector<at::Tensor> losses = Losses(leaves, OptionsOf(kind), MakeBatch(kind));
  const std::vector<NamedTensor> names = Learning(AllTensors(network));
  std::vector<at::Tensor> expected;
  for (const at::Tensor& loss : losses) {
    const std::vector<at::Tensor> one = OracleGradients(leaves, loss);
    for (size_t k = 0; k < one.size(); ++k) {
      const bool body = names[k].first_module == kNobody;
      const double scale = !body                                       ? 1
                           : kind.gradient == ExtractorGradient::kNone ? 0
                           : kind.gradient == ExtractorGradient::kMean ? 1.0 / static_cast<double>(losses.size())
                                                                       : 1;
      if (expected.size() <= k) expected.push_back(at::zeros_like(one[k]));
      expected[k] += scale * one[k];
    }
  }
  for (const Executor executor : Executors(network)) {
    at::Tensor seen;
    const std::vector<at::Tensor> actual = GradientsSeenInAStep(kind, network, executor, &seen);
    for (size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(seen[static_cast<int64_t>(i)].item<double>(), losses[i].item<double>(), 1e-11) << "module " << i;
    }
    for (size_t k = 0; k < actual.size(); ++k) ExpectClose(actual[k], expected[k], names[k].name);
  }
}

// The gradient of module i's loss by any weight of another module, or of another stage's blocks, is exactly 0.
TEST_P(StageLearnerTest, NoLossReachesAnotherModule) {
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
TEST_P(StageLearnerTest, LaterModulesDoNotMatter) {
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

// Running statistics move once a step, and inference afterwards is another pass: it changes nothing.
TEST_P(StageLearnerTest, WritesStatisticsOnceAStep) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), once = CloneTo(network, at::kCPU, at::kDouble);
  const auto learner = MakeSidLearner(network, OptionsOf(kind), {.executor = Executor::kSerial}, {});
  PhaseTimer untimed;
  const Batch batch = MakeBatch(kind);
  Forward(once, batch.images, {.training = true, .write_statistics = true});
  learner->Inspect(batch, /*gradients=*/true);
  learner->Predict(batch.images);
  learner->Step(batch, 0.0, untimed);
  learner->Inspect(batch, /*gradients=*/true);
  const std::vector<NamedTensor> actual = AllTensors(network), expected = AllTensors(once);
  for (size_t k = 0; k < actual.size(); ++k) {
    if (actual[k].role == Role::kStatistic) ExpectClose(actual[k].tensor, expected[k].tensor, actual[k].name);
  }
}

TEST_P(StageLearnerTest, InspectionSeesEachModulesGradients) {
  const Kind& kind = GetParam();
  const Network network = MakeNetwork(kind), leaves = WithLeaves(network);
  const Batch batch = MakeBatch(kind);
  const Inspection seen = InspectLocalLosses(network, OptionsOf(kind), batch);
  const std::vector<at::Tensor> losses = Losses(leaves, OptionsOf(kind), batch);
  for (const Stage& stage : leaves.stages) {
    for (int64_t own = 0; own < stage.heads.depth(); ++own) {
      const int64_t module = stage.first_module + own;
      const bool owned = leaves.stages.size() > 1 && stage.heads.depth() == 1;
      double squares = 0;
      const std::vector<at::Tensor> gradients = OracleGradients(leaves, losses[module]);
      const std::vector<NamedTensor> names = Learning(AllTensors(leaves));
      for (size_t k = 0; k < names.size(); ++k) {
        const bool own_weight =
            names[k].first_module != kNobody || (owned && !IsBorrowed(kind, leaves, stage, names[k].tensor));
        if (own_weight) squares += gradients[k].square().sum().item<double>();
      }
      EXPECT_NEAR(seen.gradient_norm[module].item<double>(), std::sqrt(squares), 1e-9 * (1e-3 + std::sqrt(squares)))
          << "module " << module;
    }
  }
  EXPECT_EQ(seen.features_gradients.defined(), leaves.stages.size() == 1);
}

INSTANTIATE_TEST_SUITE_P(All, StageLearnerTest, testing::ValuesIn(Kinds()),
                         [](const auto& info) { return info.param.name; });

// What one stage hands to the next has no graph, and is that of before the update: computed again from the old weights, the same bits.
TEST(StageLearner, HandsOnValuesWithoutAGraph) {
  const Kind kind = Kinds()[5];
  const Network network = MakeNetwork(kind), before = CloneTo(network, at::kCPU, at::kDouble);
  const Batch batch = MakeBatch(kind);
  StageLearner learner(network.stages[0], OptionsOf(kind), {.executor = Executor::kBatched}, {});
  PhaseTimer untimed;
  const Hand in{batch.images, UniformBelief(kBatch, kClasses, batch.images.options()),
                TargetBelief(batch.labels, kClasses, OptionsOf(kind).smoothing, at::kDouble)};
  const Hand hand = learner.Step(in, at::scalar_tensor(0.1, at::kDouble), untimed).hand;
  EXPECT_FALSE(hand.features.requires_grad());
  EXPECT_FALSE(hand.log_belief.requires_grad());
  EXPECT_TRUE(at::equal(hand.features, RunBody(before.stages[0], batch.images, {.training = true}).output));
}

TEST(SidLearner, InferenceIsTheTrainingPassOfANetworkWithoutNormalisation) {
  const Kind kind = Kinds()[0];
  const Network network = MakeNetwork(kind);
  const auto learner = MakeSidLearner(network, OptionsOf(kind), {.executor = Executor::kSerial}, {});
  PhaseTimer untimed;
  const at::Tensor predicted = Predict(network, MakeBatch(kind).images);
  EXPECT_TRUE(at::equal(learner->Step(MakeBatch(kind), 1e-3, untimed).log_belief, predicted[3]));
}

TEST(Validate, OverlapNeedsModulesThatOwnBlocksThatLearn) {
  SidOptions options = OptionsOf(Kinds()[0]);
  EXPECT_TRUE(Validate(options, MakeNetwork(Kinds()[0])).ok());
  options.overlap = true;
  EXPECT_TRUE(Validate(options, MakeNetwork(Kinds()[5])).ok());
  EXPECT_NE(Validate(options, MakeNetwork(Kinds()[0])).message().find("--partition=even:2"), std::string::npos);
  options.extractor_gradient = ExtractorGradient::kNone;
  EXPECT_FALSE(Validate(options, MakeNetwork(Kinds()[5])).ok());
}

TEST(Validate, BatchedIsForPerceptrons) {
  const Network network = MakeNetwork(Kinds()[4]);
  EXPECT_EQ(Validate(ExecutorOptions{.executor = Executor::kBatched}, {}, network).message(),
            "executor batched computes mlp heads: use auto or serial");
  EXPECT_EQ(Resolve({}, network), Executor::kSerial);
  EXPECT_EQ(Resolve({}, MakeNetwork(Kinds()[0])), Executor::kBatched);
}

}  // namespace
}  // namespace sid
