// The claim on memory, in bytes counted at the allocator: above parameters and optimizer state, SID updated by chunks needs the
// same for any depth, backpropagation more with each module.

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include <iostream>

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
    EXPECT_NEAR(at_1024 / at_512, 2, 0.1) << Name(contender) << ": " << at_512 << " and " << at_1024 << " bytes";
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

// ResNet-18 on images of 32 x 32, 100 classes, 128 examples: peak of a step above parameters and optimizer state, heads and gradients
// included. Modules that own blocks hold one module's activations at a time; `lean` splits by activations.
class OwnedBlocksMemoryTest : public testing::Test {
 protected:
  static double Ratio(const Contender& contender) {
    const Contender bp{.learner = "bp", .network = "resnet18", .depth = 1};
    static const int64_t plain = Bytes(bp);
    const int64_t own = Bytes(contender);
    std::cout << Label(contender) << ": " << own / kMiB << " MiB, bp " << plain / kMiB << " MiB" << std::endl;
    return static_cast<double>(own) / static_cast<double>(plain);
  }
  static int64_t Bytes(const Contender& contender) {
    return MeasureMemory(contender, {.classes = 100}, at::kCPU).value().above_bytes;
  }
  static constexpr int64_t kMiB = 1 << 20;
};

TEST_F(OwnedBlocksMemoryTest, IsOneModules) {
  const Contender sid{.network = "resnet18", .partition = "lean", .depth = 4};
  Contender eight = sid, conv = sid;
  eight.depth = 8;
  conv.head = "conv";
  conv.executor = "serial";
  const double four = Ratio(sid), of_eight = Ratio(eight);
  EXPECT_LE(four, 0.6);
  EXPECT_LE(of_eight, 0.45);
  EXPECT_LT(of_eight, four);
  EXPECT_LE(Ratio(conv), 0.7);  // maps are pooled before a head convolves them
  EXPECT_LT(Ratio({.learner = "bp", .network = "resnet18", .recompute = true, .depth = 1}), 1);
}

INSTANTIATE_TEST_SUITE_P(All, MemoryTest, testing::Values(at::Device(at::kCPU), at::Device(at::kCUDA, 0)),
                         [](const auto& info) { return info.param.is_cuda() ? "cuda" : "cpu"; });

}  // namespace
}  // namespace sid
