// Stages that work side by side, in ticks or on a thread each, against the serial loop: weights, statistics, moments, losses and norms of 30
// steps are equal bit for bit.

#include <algorithm>
#include <exception>
#include <functional>

#include "base/machine/graph_for_tests.h"
#include "pipeline/pipelines_for_tests.h"
#include "pipeline/thread_pipeline.h"
#include "pipeline/tick_pipeline.h"

namespace sid {
namespace {

using MakePipeline = std::unique_ptr<Pipeline> (*)(SidLearner&, int64_t);

std::unique_ptr<Pipeline> MakeTicks(SidLearner& learner, int64_t workers) { return MakeTickPipeline(learner, workers); }
std::unique_ptr<Pipeline> MakeCapturedTicks(SidLearner& learner, int64_t workers) {
  return MakeTickPipeline(learner, workers, MakeGraphForTests());
}
std::unique_ptr<Pipeline> MakeThreads(SidLearner& learner, int64_t workers) {
  return MakeThreadPipeline(learner, workers);
}

std::vector<Kind> Kinds() {
  const OptimizerOptions adam{.weight_decay = 1e-3}, sgd{.rule = OptimizerRule::kSgd, .clip_norm = 1};
  std::vector<Kind> kinds;
  for (const char* network : {"resnet9", "simple-cnn", "vit"}) {
    for (const int64_t stages : {2, 3, 4}) {
      kinds.push_back({network, stages, adam, Divergence::kForward});
      kinds.push_back({network, stages, sgd, Divergence::kReverse});
    }
  }
  return kinds;
}

std::string NameOf(const testing::TestParamInfo<Kind>& info) {
  std::string name = info.param.network + "_" + std::to_string(info.param.stages) +
                     (info.param.optimizer.rule == OptimizerRule::kSgd ? "_sgd_reverse" : "_adam_forward");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class LocalPipelineTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { RecordProperty("seed", std::to_string(kSeed)); }
};

TEST_P(LocalPipelineTest, GivesTheSerialBits) {
  const auto expected = MakeLearner(GetParam());
  const Rows rows = RunSerially(*expected, 0, kSteps);
  for (const MakePipeline make : {MakeTicks, MakeCapturedTicks, MakeThreads}) {
    const auto learner = MakeLearner(GetParam());
    ExpectSameBits(RunBy(*make(*learner, GetParam().stages), 0, kSteps), rows);
    ExpectSameBits(*learner, *expected);
  }
}

// Which the CPU runs one after the other, so that only their order and what they share is tested here.
TEST_P(LocalPipelineTest, StreamsGiveTheSerialBits) {
  Kind kind = GetParam();
  const auto expected = MakeLearner(kind);
  const Rows rows = RunSerially(*expected, 0, 3);
  kind.streams = true;
  const auto learner = MakeLearner(kind);
  ExpectSameBits(RunSerially(*learner, 0, 3), rows);
  ExpectSameBits(*learner, *expected);
}

INSTANTIATE_TEST_SUITE_P(All, LocalPipelineTest, testing::ValuesIn(Kinds()), NameOf);

// A state taken in one executor goes on in another: at 13 steps, in the middle of an epoch.
TEST(LocalPipeline, GoesOnWhereAnotherExecutorStopped) {
  const Kind kind{"resnet9", 3};
  const auto expected = MakeLearner(kind);
  const Rows rows = RunSerially(*expected, 0, kSteps);
  using Run = std::function<Rows(SidLearner&, int64_t, int64_t)>;
  const auto by = [](MakePipeline make, int64_t workers) -> Run {
    return [=](SidLearner& learner, int64_t begin, int64_t end) { return RunBy(*make(learner, workers), begin, end); };
  };
  const std::vector<Run> runs = {RunSerially, by(MakeThreads, 2), by(MakeTicks, 3)};
  for (const Run& first : runs) {
    for (const Run& second : runs) {
      const auto begun = MakeLearner(kind), resumed = MakeLearner(kind);
      Rows actual = first(*begun, 0, 13);
      ASSERT_TRUE(CopyTensors(begun->State(), resumed->State()).ok());
      Append(second(*resumed, 13, kSteps), actual);
      ExpectSameBits(actual, rows);
      ExpectSameBits(*resumed, *expected);
    }
  }
}

// Without norms a row is that of the serial loop, with zeros in their places, and a step is the same.
TEST(LocalPipeline, ShowsLossesAloneWhereNormsAreNotWatched) {
  const Kind kind{"simple-cnn", 3};
  const auto expected = MakeLearner(kind), actual = MakeLearner(kind);
  Rows rows = RunSerially(*expected, 0, 6);
  const auto norms = static_cast<int64_t>(Watch(expected->State()).tensors().size());
  for (at::Tensor& row : rows) row.slice(0, 1 + kind.stages, 1 + kind.stages + norms).zero_();
  ExpectSameBits(RunBy(*MakeThreadPipeline(*actual, kind.stages, Watched::kLosses), 0, 6), rows);
  ExpectSameBits(*actual, *expected);
}

// Rows come one by one while steps are under way, and Drain can be called at any time and twice.
TEST(LocalPipeline, KeepsFewStepsUnderWay) {
  const auto learner = MakeLearner({"simple-cnn", 3});
  for (const MakePipeline make : {MakeTicks, MakeCapturedTicks, MakeThreads}) {
    const auto pipeline = make(*learner, 3);
    size_t begun = 0, ended = pipeline->Drain().size();
    EXPECT_EQ(ended, 0u);
    for (; begun < 10; ++begun) {
      ended += pipeline->Begin(MakeBatch(0), 1e-3).size();
      EXPECT_LE(begun + 1 - ended, 4u);
    }
    EXPECT_EQ(ended + pipeline->Drain().size(), begun);
    EXPECT_TRUE(pipeline->Drain().empty());
  }
}

// A pipeline that is not drained ends nevertheless.
TEST(LocalPipeline, EndsWithStepsUnderWay) {
  const auto learner = MakeLearner({"simple-cnn", 3});
  for (const MakePipeline make : {MakeTicks, MakeCapturedTicks, MakeThreads})
    make(*learner, 3)->Begin(MakeBatch(0), 1e-3);
}

// What a worker's thread throws comes out where the first one waits, and not as a deadlock.
TEST(LocalPipeline, ThrowsWhatAWorkerThrows) {
  const auto learner = MakeLearner({"simple-cnn", 3});
  const auto pipeline = MakeThreadPipeline(*learner, 3);
  learner->network().stages[1].tensors[0][0].resize_({0});
  std::string message;
  try {
    pipeline->Begin(MakeBatch(0), 1e-3);
    pipeline->Drain();
  } catch (const std::exception& error) {
    message = error.what();
  }
  EXPECT_NE(message.find("Dimension out of range"), std::string::npos) << message;
}

}  // namespace
}  // namespace sid
