// On a GPU: captured ticks, and stages on streams of their own, against the serial loop, bit for bit, with deterministic algorithms.

#include "pipeline/tick_pipeline.h"

#include <ATen/Context.h>

#include <string>

#include "base/machine/device.h"
#include "pipeline/pipelines_for_tests.h"

namespace sid {
namespace {

class TickPipelineTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    RecordProperty("seed", std::to_string(kSeed));
    if (!at::hasCUDA() || at::getNumGPUs() == 0) GTEST_SKIP() << "no CUDA device: the CPU's are in one_process_test";
    UseDeterministicAlgorithms();
    expected_ = MakeLearner(GetParam(), device_);
    rows_ = RunSerially(*expected_, 0, kSteps);
  }

  const at::Device device_{at::kCUDA, 0};
  std::unique_ptr<SidLearner> expected_;
  Rows rows_;
};

TEST_P(TickPipelineTest, CapturedTicksGiveTheSerialBits) {
  for (const bool captured : {false, true}) {
    SCOPED_TRACE(captured);
    const auto learner = MakeLearner(GetParam(), device_);
    const auto pipeline =
        MakeTickPipeline(*learner, GetParam().stages, captured ? MakeCudaGraph(device_) : std::unique_ptr<Graph>());
    ExpectSameBits(RunBy(*pipeline, 0, kSteps, device_), rows_);
    ExpectSameBits(*learner, *expected_);
  }
}

TEST_P(TickPipelineTest, StreamsGiveTheSerialBits) {
  Kind kind = GetParam();
  kind.streams = true;
  const auto learner = MakeLearner(kind, device_);
  ExpectSameBits(RunSerially(*learner, 0, kSteps), rows_);
  ExpectSameBits(*learner, *expected_);
}

INSTANTIATE_TEST_SUITE_P(All, TickPipelineTest,
                         testing::Values(Kind{"resnet9", 3},
                                         Kind{"simple-cnn", 4, {.rule = OptimizerRule::kSgd}, Divergence::kReverse},
                                         Kind{"vit", 2, {.rule = OptimizerRule::kSgd, .clip_norm = 1}}),
                         [](const auto& info) {
                           return std::string(info.param.network == "simple-cnn" ? "simple_cnn" : info.param.network);
                         });

}  // namespace
}  // namespace sid
