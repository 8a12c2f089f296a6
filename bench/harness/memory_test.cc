// The claim on memory, in bytes counted at the allocator: above parameters and optimizer state, SID updated by chunks needs the
// same for any depth, backpropagation more with each module.

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "bench/harness/harness.h"

namespace sid {
namespace {

constexpr int64_t kShallow = 8, kDeep = 1024;

class MemoryTest : public testing::TestWithParam<at::Device> {
 protected:
  void SetUp() override {
    if (GetParam().is_cuda() && !(at::hasCUDA() && at::getNumGPUs() > 0)) GTEST_SKIP() << "no CUDA device";
  }

  static int64_t AboveBytes(const Contender& like, int64_t depth) {
    Contender contender = like;
    contender.depth = depth;
    return MeasureMemory(contender, {.extractor = false, .classes = 10, .features = 32, .hidden = 32}, GetParam())
        .value()
        .above_bytes;
  }
};

const Contender kChunked{.executor = "batched", .chunk = 4, .batch = 64};
const Contender kWhole{.executor = "batched", .batch = 64};
const Contender kBackpropagation{.learner = "bp-chain", .batch = 64};
const Contender kCheckpointed{.learner = "bp-chain-checkpoint", .batch = 64};

TEST_P(MemoryTest, ChunkedSidIsFlatInDepth) {
  EXPECT_LE(AboveBytes(kChunked, kDeep), 1.1 * AboveBytes(kChunked, kShallow));
}

// Twice the modules, twice the bytes, within 5 %: from a depth on at which the constant part no longer matters.
TEST_P(MemoryTest, BackpropagationGrowsLinearly) {
  for (const Contender& contender : {kBackpropagation, kCheckpointed, kWhole}) {
    const double at_512 = AboveBytes(contender, 512), at_1024 = AboveBytes(contender, 1024);
    EXPECT_NEAR(at_1024 / at_512, 2, 0.1) << Name(contender);
  }
}

TEST_P(MemoryTest, CheckpointingAndChunksSaveInThatOrder) {
  const int64_t plain = AboveBytes(kBackpropagation, kDeep), checkpointed = AboveBytes(kCheckpointed, kDeep);
  EXPECT_LT(checkpointed, plain);
  EXPECT_LT(AboveBytes(kChunked, kDeep), checkpointed / 50);
}

TEST_P(MemoryTest, CountsTheSameEveryTime) {
  for (const Contender& contender : {kChunked, kWhole, kBackpropagation, kCheckpointed}) {
    EXPECT_EQ(AboveBytes(contender, 16), AboveBytes(contender, 16)) << Name(contender);
  }
}

INSTANTIATE_TEST_SUITE_P(All, MemoryTest, testing::Values(at::Device(at::kCPU), at::Device(at::kCUDA, 0)),
                         [](const auto& info) { return info.param.is_cuda() ? "cuda" : "cpu"; });

}  // namespace
}  // namespace sid
