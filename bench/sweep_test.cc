#include "bench/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Labels(const BenchConfig& config) {
  std::vector<std::string> labels;
  const std::vector<Contender> contenders = Contenders(config, at::kCPU).value();
  labels.reserve(contenders.size());
  for (const Contender& contender : contenders) labels.push_back(Label(contender));
  return labels;
}

std::string ErrorOf(const BenchConfig& config) {
  const auto contenders = Contenders(config, at::kCPU);
  EXPECT_EQ(contenders.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(contenders.status().message());
}

TEST(Contenders, ExecutorsAndChunksMultiplySidAlone) {
  EXPECT_THAT(Labels({.executors = "serial, batched", .chunks = "0,4", .depths = "8"}),
              ElementsAre("sid/serial L=8 B=128", "sid/batched L=8 B=128", "sid/batched/chunk 4 L=8 B=128",
                          "bp-chain L=8 B=128"));
}

TEST(Contenders, NothingIsMeasuredTwice) {
  EXPECT_THAT(Labels({.learners = "bp-chain,bp-chain", .depths = "4,8,4", .batches = "2"}),
              ElementsAre("bp-chain L=4 B=2", "bp-chain L=8 B=2"));
}

TEST(Contenders, AllExecutorsAreTheDevices) {
  EXPECT_THAT(Labels({.learners = "sid", .depths = "2"}), ElementsAre("sid/serial L=2 B=128", "sid/batched L=2 B=128"));
  EXPECT_EQ(Contenders({.learners = "sid", .depths = "2"}, at::Device(at::kCUDA, 0)).value().size(), 3u);
}

TEST(Contenders, PrecisionsMultiplyAll) {
  EXPECT_THAT(Labels({.learners = "sid,bp-chain", .executors = "batched", .precisions = "fp32,bf16", .depths = "2"}),
              ElementsAre("sid/batched L=2 B=128", "sid/batched/bf16 L=2 B=128", "bp-chain L=2 B=128",
                          "bp-chain/bf16 L=2 B=128"));
}

TEST(Contenders, PlainAndCapturedStepsAreContendersOfOneRun) {
  const BenchConfig config{.learners = "bp-chain", .capture = "both", .depths = "2"};
  const auto contenders = Contenders(config, at::Device(at::kCUDA, 0)).value();
  ASSERT_EQ(contenders.size(), 2u);
  EXPECT_EQ(Label(contenders[0]), "bp-chain L=2 B=128");
  EXPECT_EQ(Label(contenders[1]), "bp-chain/captured L=2 B=128");
  EXPECT_THAT(ErrorOf(config), HasSubstr("--capture=both needs a GPU, and the device is cpu"));
}

TEST(Contenders, NetworksAndPartitionsMultiplyAll) {
  EXPECT_THAT(Labels({.learners = "dgl,bp", .networks = "resnet9,vit-tiny", .partitions = "even;2,2,2", .depths = "3"}),
              ElementsAre("dgl/resnet9/even/serial L=3 B=128", "dgl/resnet9/even/batched L=3 B=128",
                          "dgl/resnet9/2,2,2/serial L=3 B=128", "dgl/resnet9/2,2,2/batched L=3 B=128",
                          "dgl/vit-tiny/even/serial L=3 B=128", "dgl/vit-tiny/even/batched L=3 B=128",
                          "dgl/vit-tiny/2,2,2/serial L=3 B=128", "dgl/vit-tiny/2,2,2/batched L=3 B=128",
                          "bp/resnet9/even L=3 B=128", "bp/resnet9/2,2,2 L=3 B=128", "bp/vit-tiny/even L=3 B=128",
                          "bp/vit-tiny/2,2,2 L=3 B=128"));
  // Heads that are no perceptrons have no closed form.
  EXPECT_THAT(Labels({.learners = "sid,bp", .head = "conv", .recompute = true, .depths = "2"}),
              ElementsAre("sid/conv/serial L=2 B=128", "bp/conv/recompute L=2 B=128"));
  EXPECT_THAT(ErrorOf({.networks = "resnet"}), HasSubstr("did you mean 'resnet9'?"));
}

TEST(Contenders, WorkersHaveTheFewestThreadsAndEachLearnerItsSchedules) {
  EXPECT_THAT(Labels({.learners = "sid,bp,bp-chain",
                      .partitions = "even",
                      .executors = "serial",
                      .schedules = "serial,pipeline,ranks,data-parallel,gpipe",
                      .depths = "2",
                      .threads = "2,1"}),
              ElementsAre("sid/even/serial/2 threads L=2 B=128", "sid/even/serial/1 threads L=2 B=128",
                          "sid/even/serial/pipeline/1 threads L=2 B=128", "sid/even/serial/ranks/1 threads L=2 B=128",
                          "bp/even/2 threads L=2 B=128", "bp/even/1 threads L=2 B=128",
                          "bp/even/data-parallel/1 threads L=2 B=128", "bp/even/gpipe/1 threads L=2 B=128",
                          "bp-chain/even/2 threads L=2 B=128", "bp-chain/even/1 threads L=2 B=128"));
  const auto on_gpu = Contenders({.schedules = "ranks"}, at::Device(at::kCUDA, 0));
  EXPECT_THAT(on_gpu.status().message(), HasSubstr("--schedules=ranks: ranks are measured on CPUs so far"));
}

TEST(Contenders, BadInputIsNamed) {
  EXPECT_THAT(ErrorOf({.capture = "of"}), HasSubstr("did you mean 'off'?"));
  EXPECT_THAT(ErrorOf({.learners = "sid,bpchain"}), HasSubstr("unknown learner 'bpchain'; did you mean 'bp-chain'?"));
  EXPECT_THAT(ErrorOf({.executors = "bached"}), HasSubstr("did you mean 'batched'?"));
  EXPECT_THAT(ErrorOf({.precisions = "bf61"}), HasSubstr("did you mean 'bf16'?"));
  EXPECT_THAT(ErrorOf({.depths = ""}), HasSubstr("--depths is empty"));
  EXPECT_THAT(ErrorOf({.learners = " , "}), HasSubstr("--learners is empty"));
  EXPECT_THAT(ErrorOf({.depths = "4,0"}), HasSubstr("--depths: '0' is not valid; expected whole numbers from 1 on"));
  EXPECT_THAT(ErrorOf({.batches = "many"}), HasSubstr("--batches: 'many'"));
  EXPECT_THAT(ErrorOf({.chunks = "-1"}), HasSubstr("--chunks: '-1'"));
  EXPECT_THAT(ErrorOf({.problem = {.classes = 1}}), HasSubstr("--classes=1 is out of range: at least 2"));
  EXPECT_THAT(ErrorOf({.threads = "4294967296"}), HasSubstr("--threads=4294967296 is out of range: at most 4096"));
  EXPECT_THAT(ErrorOf({.threads = "0,1"}), HasSubstr("stands alone"));
  EXPECT_THAT(ErrorOf({.schedules = "pipe"}), HasSubstr("did you mean 'pipeline'?"));
}

// A million of them would be looked through for repetitions for hours.
TEST(Contenders, MoreThanAnyoneWaitsForAreRefused) {
  std::string numbers = "1";
  for (int i = 2; i <= 300; ++i) numbers += "," + std::to_string(i);
  EXPECT_THAT(ErrorOf({.chunks = numbers, .depths = numbers, .batches = numbers}),
              HasSubstr("more than 1000 contenders"));
  EXPECT_EQ(Contenders({.learners = "bp-chain", .executors = "serial", .depths = numbers}, at::kCPU)->size(), 300u);
}

}  // namespace
}  // namespace sid
