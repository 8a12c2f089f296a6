// Every learner's step as a CUDA graph: the weights are those of plain steps, and would not be if the capture were wrong. Without a GPU the
// graph is the stand-in of base/machine/graph_for_tests.h.

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/concat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/machine/graph_for_tests.h"
#include "base/machine/precision.h"
#include "base/random.h"
#include "baselines/learners.h"
#include "sid/network/initialisation.h"
#include "third_party/logging/logging.h"
#include "training/step_runner.h"

namespace sid {
namespace {

constexpr int64_t kDepth = 3;

// One way to step. Executors are named: `auto` would leave it to a clock what is tested.
struct Way {
  std::string name, learner;
  ExecutorOptions executor;
  std::string network = "simple-cnn", partition = "shared";
  int64_t width = 0;
  bool overlap = false;
  double rate = 1;  // of the learning rate
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

std::vector<Way> AllWays() {
  const Precision bf16 = Precision::kBf16;
  std::vector<Way> ways = {{"sid_serial", "sid", {.executor = Executor::kSerial}},
                           {"sid_batched", "sid", {.executor = Executor::kBatched}},
                           {"sid_batched_chunks", "sid", {.executor = Executor::kBatched, .chunk = 2}},
                           {"sid_batched_bf16", "sid", {.executor = Executor::kBatched, .precision = bf16}},
                           {"sid_cuda", "sid", {.executor = Executor::kCuda}},
                           {"sid_cuda_chunks", "sid", {.executor = Executor::kCuda, .chunk = 2}},
                           {"sid_cuda_bf16", "sid", {.executor = Executor::kCuda, .precision = bf16}},
                           {"bp_chain_bf16", "bp-chain", {.precision = bf16}},
                           {"sid_owners", "sid", {}, "resnet9", "even", 8},
                           {"sid_owners_bf16", "sid", {.precision = bf16}, "resnet9", "even", 8},
                           {"sid_overlap", "sid", {}, "resnet9", "even", 8, true},
                           {"dgl_transformer", "dgl", {}, "vit-tiny", "even"},
                           {"bp_resnet9", "bp", {}, "resnet9", "even", 8}};
  for (const std::string& learner : LearnerNames()) {
    if (learner == "sid") continue;
    std::string name = learner;
    std::replace(name.begin(), name.end(), '-', '_');
    const bool reversible = FindLearner(learner)->reversible;
    // hsic's loss is 500 times a measure that is of the order of the batch: by larger steps it explodes, and then rounding decides.
    ways.push_back({.name = name,
                    .learner = learner,
                    .network = reversible ? "revnet18" : "simple-cnn",
                    .width = reversible ? 4 : 0,
                    .rate = learner == "hsic" ? 1.0 / 65536 : 1});
  }
  return ways;
}

std::vector<Way> WaysOfTheCpu() {
  std::vector<Way> ways = AllWays();
  std::erase_if(ways, [](const Way& way) { return way.executor.executor == Executor::kCuda; });
  return ways;
}

// How the steps run, and what a wrong capture would leave out: each of the last three is a mistake that a graph makes of host code which
// looks right.
enum class How { kPlain, kCaptured, kStepNumberStands, kLearningRateStands, kLearningRateIsFreed };

// A whole batch by a graph, wrongly.
class WrongRunner {
 public:
  WrongRunner(const ShuffledBatches& batches, How how, Graph& graph, Learner& learner)
      : batches_(batches), how_(how), graph_(graph), learner_(learner) {}

  void Run(int64_t step, double learning_rate) {
    const at::TensorOptions on_device(batches_.device());
    if (how_ == How::kLearningRateIsFreed) {
      learning_rate_ = at::Tensor();
      others_.push_back(at::zeros({}, on_device.dtype(at::kFloat)));  // has the memory that was given back
    }
    if (!learning_rate_.defined()) learning_rate_ = at::zeros({}, on_device.dtype(at::kFloat));
    if (!step_number_.defined()) step_number_ = at::zeros({}, on_device.dtype(at::kLong));
    learning_rate_.fill_(learning_rate);
    step_number_.fill_(step);
    graph_.Run([&] {
      PhaseTimer untimed;
      const bool stands = how_ == How::kStepNumberStands;
      const Batch batch = batches_.GetWhole(stands ? at::full({}, step, step_number_.options()) : step_number_);
      if (how_ == How::kLearningRateStands) {
        learner_.Step(batch, learning_rate, untimed);
      } else {
        learner_.Step(batch, learning_rate_, untimed);
      }
    });
  }

 private:
  const ShuffledBatches& batches_;
  How how_;
  Graph& graph_;
  Learner& learner_;
  at::Tensor step_number_, learning_rate_;
  std::vector<at::Tensor> others_;
};

constexpr int64_t kClasses = 5, kExamples = 22, kBatch = 4;

// Noise, and of each class its own brightness: what a batch teaches depends on who is in it.
Examples MakeExamples(at::Device device) {
  at::Generator generator = MakeGenerator(7, RandomUse::kSynthetic);
  const at::Tensor labels = at::randint(kClasses, {kExamples}, generator, at::kLong),
                   noise = at::randint(64, {kExamples, 3, 16, 16}, generator, at::kLong);
  return {(noise + 40 * labels.view({-1, 1, 1, 1})).to(at::kByte).to(device), labels.to(device)};
}

std::unique_ptr<Learner> MakeLearner(const Way& way, at::Device device) {
  const LearnerKind kind = FindLearner(way.learner).value();
  const Architecture architecture =
      MakeArchitecture({.name = way.network, .image = {3, 16, 16}, .width = way.width, .features = 12}).value();
  const Partition partition = PartitionFor(kind, ParsePartition(way.partition, kDepth, architecture.blocks).value());
  Network network = EmptyNetwork(architecture, partition, {.hidden = 10, .belief_input = kind.sees_belief}, kClasses);
  Initialise(Initialisation::kKaiming, /*seed=*/5, at::Tensor(), network);
  LearnerOptions options{.sid = {.alphas = std::vector<double>(network.depth(), 0.5), .overlap = way.overlap},
                         .executor = way.executor};
  // Not Adam: its first step is the gradient's sign, which rounding decides where a gradient is all but zero, and a graph may choose
  // another algorithm of a convolution than plain steps do. By SGD a rounded gradient is a rounded move.
  options.optimizer.rule = OptimizerRule::kSgd;
  return MakeLearner(way.learner, CloneTo(network, device, at::kFloat), options).value();
}

struct Trained {
  // From where they began, on the CPU: of all weights, and of all running statistics, which move at any learning rate.
  at::Tensor weights, statistics;
  std::vector<double> losses;  // of the last epoch, as the log has them
};

at::Tensor All(const Learner& learner, bool learns) {
  std::vector<at::Tensor> parts = {at::zeros({0})};  // there may be no statistics
  for (const NamedTensor& one : Weights(learner)) {
    if (one.learns() == learns) parts.push_back(one.tensor.detach().cpu().flatten());
  }
  return at::concat(parts);
}

// Two epochs, with whole batches and a last one that is not, the second with eight times the learning rate.
Trained Train(const Way& way, How how, at::Device device) {
  UsePrecision(way.executor.precision);
  const Examples examples = MakeExamples(device);
  ShuffledBatches batches(examples, ComputeStatistics(examples.images.cpu()), {.batch_size = kBatch});
  const auto learner = MakeLearner(way, device);
  const at::Tensor weights = All(*learner, true), statistics = All(*learner, false);
  LossLog log(batches.steps_per_epoch(), *learner);
  std::unique_ptr<Graph> graph = device.is_cuda() ? MakeCudaGraph(device) : MakeGraphForTests();
  WrongRunner wrong(batches, how, *graph, *learner);
  PhaseTimer untimed;
  const bool right = how == How::kPlain || how == How::kCaptured;
  StepRunner runner(batches, how == How::kCaptured ? std::move(graph) : nullptr, untimed, *learner, log);
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    const double learning_rate = way.rate * (epoch == 0 ? 1.0 / 1024 : 1.0 / 128);  // a float has them too
    batches.StartEpoch(epoch);
    log.StartEpoch();
    for (int64_t step = 0; step < batches.steps_per_epoch(); ++step) {
      if (right || !batches.IsWhole(step)) {
        runner.Run(step, learning_rate);
      } else {
        wrong.Run(step, learning_rate);
      }
    }
  }
  CHECK(!right || log.Check(batches.steps_per_epoch(), kExamples, 1, 0).ok());
  return {All(*learner, true) - weights, All(*learner, false) - statistics,
          right ? log.MeanLosses() : std::vector<double>()};
}

// Of the second's move, as a part of the first's.
double Error(const at::Tensor& right, const at::Tensor& other) {
  return right.numel() == 0 ? 0 : ((other - right).norm() / right.norm()).item<double>();
}

class CaptureTest : public testing::TestWithParam<std::tuple<Way, at::DeviceType>> {
 protected:
  void SetUp() override {
    if (device().is_cuda() && (!at::hasCUDA() || at::getNumGPUs() == 0)) GTEST_SKIP() << "no CUDA device";
  }
  static const Way& way() { return std::get<0>(GetParam()); }
  static at::Device device() {
    return std::get<1>(GetParam()) == at::kCUDA ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  }
};

// On the CPU bit for bit. On a GPU convolutions add in another order each time, which changes a gradient by 1e-5 of it and in bf16, where
// results are rounded, by 1e-3: far less than what a wrong capture does to it.
TEST_P(CaptureTest, GivesThePlainStepsWeightsAndLosses) {
  const Trained plain = Train(way(), How::kPlain, device()), captured = Train(way(), How::kCaptured, device());
  const double tolerance = device().is_cpu() ? 0 : way().executor.precision == Precision::kBf16 ? 0.05 : 0.01;
  EXPECT_LE(Error(plain.weights, captured.weights), tolerance);
  EXPECT_LE(Error(plain.statistics, captured.statistics), tolerance);
  ASSERT_EQ(captured.losses.size(), plain.losses.size());
  for (size_t k = 0; k < plain.losses.size(); ++k) {
    EXPECT_NEAR(captured.losses[k], plain.losses[k], tolerance * plain.losses[k]) << k;
  }
}

TEST_P(CaptureTest, AWrongCaptureIsSeen) {
  const Trained plain = Train(way(), How::kPlain, device());
  for (const How wrong : {How::kStepNumberStands, How::kLearningRateStands, How::kLearningRateIsFreed}) {
    const double error = Error(plain.weights, Train(way(), wrong, device()).weights);
    EXPECT_FALSE(error < 0.15) << "mistake " << static_cast<int>(wrong) << ": " << error;
  }
}

std::string NameOf(const testing::TestParamInfo<std::tuple<Way, at::DeviceType>>& info) {
  const auto& [way, device] = info.param;
  return way.name + (device == at::kCUDA ? "_cuda" : "_stand_in");
}

INSTANTIATE_TEST_SUITE_P(All, CaptureTest, testing::Combine(testing::ValuesIn(AllWays()), testing::Values(at::kCUDA)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(WithoutAGpu, CaptureTest,
                         testing::Combine(testing::ValuesIn(WaysOfTheCpu()), testing::Values(at::kCPU)), NameOf);

}  // namespace
}  // namespace sid
