// Data-parallel backpropagation and GPipe over c10d's Gloo against one process, in float64: equal up to rounding; with batch normalisation
// against a loop over shares. Each rank is a thread here.

#include "pipeline/joint_steps.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <latch>

#include "baselines/backpropagation.h"
#include "pipeline/data_parallel.h"
#include "pipeline/gpipe.h"
#include "pipeline/pipelines_for_tests.h"
#include "pipeline/ranks_for_tests.h"
#include "sid/belief/belief.h"
#include "sid/network/partition.h"

namespace sid {
namespace {

constexpr int64_t kFewSteps = 12;  // the tenth has 3 examples, the others 8

// `micro_batches` 0: data-parallel, with buckets so small that there are several.
struct How {
  int ranks = 2;
  int64_t micro_batches = 0;
  bool lanes = false;  // as between GPUs
};

struct Bp {
  std::string network;
  OptimizerOptions optimizer = {};
  bool recompute = false;
};

std::unique_ptr<BackpropagationLearner> MakeBp(const Bp& bp) {
  const Architecture architecture = ArchitectureOf(bp.network);
  Network network = EmptyNetwork(architecture, {static_cast<int64_t>(architecture.blocks.size())},
                                 {.kind = HeadKind::kMlp, .hidden = 9, .belief_input = false}, kClasses);
  Initialise(Initialisation::kPyTorch, kSeed, at::Tensor(), network);
  return MakeBackpropagationLearner(Backpropagation::kBp, CloneTo(network, at::kCPU, at::kDouble),
                                    {.smoothing = 0.1, .recompute = bp.recompute}, bp.optimizer);
}

Batch MakeDoubleBatch(int64_t step) {
  Batch batch = MakeBatch(step);
  batch.images = batch.images.to(at::kDouble);
  return batch;
}

std::unique_ptr<JointPart> MakePart(const How& how, Ranks& ranks, const BackpropagationLearner& learner) {
  if (how.micro_batches > 0) return MakeGPipe(ranks, learner, how.micro_batches);
  return MakeDataParallel(ranks, learner, /*bucket_bytes=*/4096);
}

// Steps [begin, end) of `learners`, one a rank; the others begin with rank 0's state. The rows, and the bytes of a step.
Rows RunOnRanks(const How& how, const std::vector<std::unique_ptr<BackpropagationLearner>>& learners, int64_t begin,
                int64_t end, double* bytes_per_step = nullptr) {
  const int port = FreePort();
  Rows rows;
  OnRanks(how.ranks, [&](int rank) {
    RankOptions options = Rank(rank, how.ranks, port);
    if (how.lanes) options.make_lane = MakeLaneOfCpus;
    auto ranks = Ranks::Join(options, {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    std::unique_ptr<JointPart> part = MakePart(how, **ranks, *learners[rank]);
    if (rank > 0) {
      EXPECT_TRUE(ServeJointly(**ranks, *learners[rank], *part).ok());
      return;
    }
    const auto pipeline = MakeJointPipeline(**ranks, *learners[0], std::move(part));
    pipeline->TakeState();
    for (int64_t step = begin; step < end; ++step)
      Append(pipeline->Begin(MakeDoubleBatch(step), LearningRate(step)), rows);
    Append(pipeline->Drain(), rows);
    if (bytes_per_step != nullptr) *bytes_per_step = pipeline->BytesPerStep();
  });
  return rows;
}

std::vector<std::unique_ptr<BackpropagationLearner>> MakeBps(int count, const Bp& bp) {
  std::vector<std::unique_ptr<BackpropagationLearner>> learners;
  learners.reserve(count);
  for (int rank = 0; rank < count; ++rank) learners.push_back(MakeBp(bp));
  // What the others begin with does not count.
  for (int rank = 1; rank < count; ++rank) {
    const at::NoGradGuard no_graph;
    for (const NamedTensor& one : Learning(learners[rank]->State())) one.tensor.mul_(0.5);
  }
  return learners;
}

Rows RunAlone(Learner& learner, int64_t begin, int64_t end) {
  const Watch watch(learner.State());
  PhaseTimer untimed;
  Rows rows;
  for (int64_t step = begin; step < end; ++step) {
    const Batch batch = MakeDoubleBatch(step);
    rows.push_back(
        watch.Row(learner.Step(batch, at::full({}, LearningRate(step), at::kDouble), untimed), batch.labels));
  }
  return rows;
}

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / (1e-3 + b.norm().item<double>());
}

void ExpectEqual(const std::vector<NamedTensor>& actual, const std::vector<NamedTensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t k = 0; k < actual.size(); ++k)
    EXPECT_LT(Difference(actual[k].tensor, expected[k].tensor), 1e-9) << actual[k].name;
}

void ExpectEqual(const Rows& actual, const Rows& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t k = 0; k < actual.size(); ++k) {
    EXPECT_LT(Difference(actual[k], expected[k]), 1e-9) << "row " << k;
    EXPECT_EQ(actual[k][-1].item<double>(), expected[k][-1].item<double>()) << "row " << k;
  }
}

std::vector<NamedTensor> WithoutStatistics(const Learner& learner) {
  return Select(learner.State(), [](const NamedTensor& one) { return one.role != Role::kStatistic; });
}

void ExpectSameBitsOnAllRanks(const std::vector<std::unique_ptr<BackpropagationLearner>>& learners) {
  const std::vector<NamedTensor> first = WithoutStatistics(*learners[0]);
  for (size_t rank = 1; rank < learners.size(); ++rank) {
    const std::vector<NamedTensor> other = WithoutStatistics(*learners[rank]);
    for (size_t k = 0; k < first.size(); ++k)
      EXPECT_TRUE(at::equal(other[k].tensor, first[k].tensor)) << "rank " << rank << ": " << first[k].name;
  }
}

const OptimizerOptions kSgd{.rule = OptimizerRule::kSgd, .weight_decay = 1e-2, .clip_norm = 0.5};
const OptimizerOptions kAdamW{.rule = OptimizerRule::kAdamW, .weight_decay = 1e-2};

class ExactTest : public testing::TestWithParam<How> {};

TEST_P(ExactTest, StepsAreThoseOfOneProcessUpToRounding) {
  for (const Bp& bp : {Bp{"simple-cnn", kSgd}, Bp{"vit", kAdamW}, Bp{"simple-cnn", kAdamW, /*recompute=*/true}}) {
    SCOPED_TRACE(bp.network);
    const int before = CountingLane::used;
    const auto expected = MakeBp(bp);
    const auto learners = MakeBps(GetParam().ranks, bp);
    const Rows rows = RunAlone(*expected, 0, kFewSteps);
    ExpectEqual(RunOnRanks(GetParam(), learners, 0, kFewSteps), rows);
    ExpectEqual(learners[0]->State(), expected->State());
    if (GetParam().micro_batches == 0) ExpectSameBitsOnAllRanks(learners);
    EXPECT_EQ(CountingLane::used > before, GetParam().lanes);
  }
}

// Of four ranks one has no example of the batch of three.
INSTANTIATE_TEST_SUITE_P(DataParallel, ExactTest, testing::Values(How{2}, How{3}, How{4}, How{3, 0, true}));
INSTANTIATE_TEST_SUITE_P(GPipe, ExactTest,
                         testing::Values(How{2, 1}, How{2, 4}, How{3, 1}, How{3, 2}, How{3, 4}, How{3, 2, true}));

// The gradient of a batch whose shares are normalised each by itself, written out; `statistics` of so many shares.
void StepByShares(const BackpropagationLearner& learner, Optimizer& optimizer, const Batch& batch, int64_t shares,
                  int64_t statistics, double learning_rate) {
  const std::vector<at::Tensor> images = batch.images.tensor_split(shares), labels = batch.labels.tensor_split(shares);
  std::vector<at::Tensor> sums;
  for (size_t k = 0; k < images.size(); ++k) {
    if (images[k].size(0) == 0) continue;
    const Network leaves = WithLeaves(learner.network());
    const Stage& stage = leaves.stages[0];
    const Pass pass{.training = true, .write_statistics = static_cast<int64_t>(k) < statistics};
    at::Tensor h = images[k];
    for (size_t b = 0; b < stage.blocks.size(); ++b) h = stage.blocks[b].forward(h, stage.tensors[b], pass);
    const at::Tensor z = stage.read_out.forward(h, stage.read_out_tensors, pass);
    const at::Tensor log_p = stage.heads.at(0).Output({}, z).log_softmax(-1);
    const at::Tensor y = TargetBelief(labels[k], kClasses, 0.1, at::kDouble).exp();
    const at::Tensor loss = -(y * log_p).sum() / batch.labels.size(0);
    const auto gradients = torch::autograd::grad({loss}, Tensors(Learning(AllTensors(leaves))));
    for (size_t i = 0; i < gradients.size(); ++i) {
      if (sums.size() == i) sums.push_back(at::zeros_like(gradients[i]));
      sums[i] = sums[i] + gradients[i];
    }
  }
  optimizer.Step(sums, at::full({}, learning_rate, at::kDouble));
}

TEST(BatchNormalisation, IsOfEachShareOrMicroBatch) {
  const Bp bp{"resnet9", kAdamW};
  for (const How& how : {How{2}, How{3}, How{2, 2}, How{3, 3}}) {
    SCOPED_TRACE(testing::Message() << how.ranks << " ranks, " << how.micro_batches << " micro-batches");
    const auto expected = MakeBp(bp);
    Optimizer optimizer(Learning(AllTensors(expected->network())), bp.optimizer);
    const bool shares = how.micro_batches == 0;
    // Not the batch of 3, of whose shares the last maps would be one number each.
    for (int64_t step = 0; step < 5; ++step) {
      StepByShares(*expected, optimizer, MakeDoubleBatch(step), shares ? how.ranks : how.micro_batches,
                   shares ? 1 : how.micro_batches, LearningRate(step));
    }
    const auto learners = MakeBps(how.ranks, bp);
    RunOnRanks(how, learners, 0, 5);
    ExpectEqual(AllTensors(learners[0]->network()), AllTensors(expected->network()));
    if (shares) ExpectSameBitsOnAllRanks(learners);
  }
}

// What rank 0 has after a drain is all that the next steps depend on.
TEST(JointSteps, GoOnFromAStateToTheBit) {
  const Bp bp{"resnet9", kAdamW};
  for (const How& how : {How{3}, How{3, 2}}) {
    const auto unbroken = MakeBps(3, bp), broken = MakeBps(3, bp), later = MakeBps(3, bp);
    RunOnRanks(how, unbroken, 0, 6);
    RunOnRanks(how, broken, 0, 3);
    const at::NoGradGuard no_graph;
    const auto from = broken[0]->State(), to = later[0]->State();
    for (size_t k = 0; k < from.size(); ++k) to[k].tensor.copy_(from[k].tensor);
    RunOnRanks(how, later, 3, 6);
    ExpectSameBits(*later[0], *unbroken[0]);
  }
}

// Bytes of a batch of 8, in float64, and of the lists' headers.
TEST(JointSteps, CountWhatRanksSend) {
  constexpr double kImage = 3 * kSide * kSide * 8, kLabel = 8, kMostHeaders = 32 * 1024;
  const auto learners = MakeBps(3, {"simple-cnn"});
  double weights = 0, bytes = 0;
  for (const NamedTensor& one : Learning(AllTensors(learners[0]->network()))) weights += 8.0 * one.tensor.numel();
  RunOnRanks({3}, learners, 0, 4, &bytes);
  // 3, 3 and 2 examples; the ring takes all gradients twice past two of three ranks.
  EXPECT_NEAR(bytes - kMostHeaders / 2, 2 * 2 * weights + 5 * (kImage + kLabel), kMostHeaders / 2);

  const auto& blocks = learners[0]->network().stages[0].blocks;
  std::vector<double> costs;
  for (const Block& block : blocks) costs.push_back(block.cost.flops);
  double passed_on = 0;
  int64_t end = 0;
  const Partition partition = Balance(costs, 3);
  for (const int64_t boundary : {partition[0], partition[1]}) {
    end += boundary;
    double numbers = 1;
    for (const int64_t size : blocks[end - 1].output) numbers *= static_cast<double>(size);
    passed_on += 8 * 8 * numbers;
  }
  RunOnRanks({3, 4}, learners, 0, 4, &bytes);
  EXPECT_NEAR(bytes - kMostHeaders / 2, 2 * passed_on + 8 * kLabel, kMostHeaders / 2);
}

// A rank that ends, or does nothing, ends the others, which all name it.
void ExpectNamed(const How& how, int wrong, bool silent) {
  const int port = FreePort();
  std::vector<std::string> said(how.ranks);
  std::latch joined(how.ranks), others(how.ranks - 1), heard(1);
  OnRanks(how.ranks, [&](int rank) {
    auto ranks = Ranks::Join(Rank(rank, how.ranks, port, /*seconds=*/silent ? 2 : 600), {});
    ASSERT_TRUE(ranks.ok()) << ranks.status();
    joined.arrive_and_wait();
    if (rank == wrong) {
      others.count_down();
      return silent ? heard.wait() : void();
    }
    const auto learner = MakeBp({"simple-cnn"});
    std::unique_ptr<JointPart> part = MakePart(how, **ranks, *learner);
    std::unique_ptr<Pipeline> pipeline;  // which outlives what is told
    try {
      if (rank > 0) {
        said[rank] = std::string(ServeJointly(**ranks, *learner, *part).message());
      } else {
        pipeline = MakeJointPipeline(**ranks, *learner, std::move(part));
        for (int64_t step = 0; step < kSteps; ++step) pipeline->Begin(MakeDoubleBatch(step), 1e-3);
        pipeline->Drain();
      }
    } catch (const RankLost& lost) {
      said[rank] = (*ranks)->TellFailure(lost.what());
    }
    pipeline = nullptr;
    // The store is rank 0's.
    if (rank == 0) {
      others.wait();
      heard.count_down();
    } else {
      others.count_down();
    }
  });
  const std::string expected = "rank " + std::to_string(wrong) + " is gone: ";
  for (int rank = 0; rank < how.ranks; ++rank)
    EXPECT_TRUE(rank == wrong || said[rank].starts_with(expected)) << rank << ": " << said[rank];
}

TEST(JointSteps, AllSayWhichOneIsGone) {
  ExpectNamed({4}, 2, /*silent=*/false);
  ExpectNamed({4, 2}, 2, /*silent=*/false);
}

TEST(JointSteps, AllSayWhichOneIsSilent) {
  ExpectNamed({3}, 1, /*silent=*/true);
  ExpectNamed({3, 2}, 1, /*silent=*/true);
}

}  // namespace
}  // namespace sid
