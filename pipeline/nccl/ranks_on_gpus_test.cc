// Ranks that compute on GPUs, against the serial loop there, bit for bit, with deterministic algorithms: on one GPU through the host's memory, on
// GPUs of their own by NCCL. Each rank is a thread here.

#include <ATen/Context.h>
#include <ATen/ops/arange.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "base/machine/device.h"
#include "pipeline/collectives.h"
#include "pipeline/nccl/nccl.h"
#include "pipeline/pipelines_for_tests.h"
#include "pipeline/rank_pipeline.h"
#include "pipeline/ranks_for_tests.h"

namespace sid {
namespace {

int64_t Gpus() { return at::hasCUDA() ? static_cast<int64_t>(at::getNumGPUs()) : 0; }

class RanksOnGpusTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    RecordProperty("seed", std::to_string(kSeed));
    if (Gpus() < (GetParam() ? kRanks : 1))
      GTEST_SKIP() << (GetParam() ? "NCCL needs a GPU for each of two ranks" : "no CUDA device");
    UseDeterministicAlgorithms();
  }

  // `work` of each rank, on its device.
  void OnGpus(const std::function<void(Ranks& ranks, at::Device device)>& work) const {
    const int port = FreePort();
    OnRanks(kRanks, [&](int rank) {
      RankOptions options = Rank(rank, kRanks, port);
      options.device = {at::kCUDA, static_cast<at::DeviceIndex>(GetParam() ? rank : 0)};
      if (GetParam()) UseNccl(options);
      c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(options.device);
      const auto ranks = Ranks::Join(options, {});
      ASSERT_TRUE(ranks.ok()) << ranks.status();
      work(**ranks, options.device);
    });
  }

  static constexpr int kRanks = 2;
};

TEST_P(RanksOnGpusTest, GiveTheSerialBits) {
  const at::Device first{at::kCUDA, 0};
  for (const Kind& kind : {Kind{"resnet9", 2}, Kind{"vit", 2, {.rule = OptimizerRule::kSgd, .clip_norm = 1}}}) {
    SCOPED_TRACE(kind.network);
    const auto expected = MakeLearner(kind, first), actual = MakeLearner(kind, first);
    const Rows rows = RunSerially(*expected, 0, kSteps);
    Rows seen;
    OnGpus([&](Ranks& ranks, at::Device device) {
      if (ranks.rank() > 0) {
        EXPECT_TRUE(ServeRank(ranks, *MakeLearner(kind, device)).ok());
        return;
      }
      const auto pipeline = MakeRankPipeline(ranks, *actual);
      pipeline->TakeState();
      seen = RunBy(*pipeline, 0, kSteps, device);
    });
    ExpectSameBits(seen, rows);
    ExpectSameBits(*actual, *expected);
  }
}

TEST_P(RanksOnGpusTest, SumAndBroadcast) {
  OnGpus([](Ranks& ranks, at::Device device) {
    const at::Tensor numbers = at::arange(1000, at::TensorOptions(device).dtype(at::kFloat));
    const at::Tensor sum = numbers * (ranks.rank() + 1), told = numbers * (ranks.rank() + 1);
    StartSum(ranks, sum)();
    EXPECT_TRUE(at::equal(sum, numbers * 3));
    Broadcast(ranks, told);
    EXPECT_TRUE(at::equal(told, numbers));
  });
}

INSTANTIATE_TEST_SUITE_P(All, RanksOnGpusTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "ByNccl" : "ThroughTheHost"; });

}  // namespace
}  // namespace sid
