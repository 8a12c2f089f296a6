#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <gtest/gtest.h>

#include <vector>

#include "data/loaders/mnist.h"

namespace sid {
namespace {

std::vector<int64_t> ToVector(const at::Tensor& tensor) {
  return {tensor.data_ptr<int64_t>(), tensor.data_ptr<int64_t>() + tensor.numel()};
}

TEST(MnistMini, HoldsTheOfficialTestImages) {
  const Dataset dataset = LoadMnistMini();
  EXPECT_EQ(dataset.name, "mnist-mini");
  EXPECT_EQ(dataset.train.images.sizes(), at::IntArrayRef({8500, 1, 28, 28}));
  EXPECT_EQ(dataset.test.images.sizes(), at::IntArrayRef({1500, 1, 28, 28}));
  EXPECT_EQ(ComputeStatistics(dataset.train.images).mean.size(), 1u);
  const at::Tensor counts = at::bincount(dataset.train.labels, {}, 10) + at::bincount(dataset.test.labels, {}, 10);
  EXPECT_EQ(ToVector(counts), (std::vector<int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
}

// Results would silently no longer compare if another version split otherwise.
TEST(MnistMini, TheSplitNeverChanges) {
  const Dataset dataset = LoadMnistMini();
  EXPECT_EQ(ToVector(dataset.train.labels.slice(0, 0, 12)), (std::vector<int64_t>{9, 8, 5, 8, 7, 5, 2, 4, 5, 1, 7, 9}));
  EXPECT_EQ(ToVector(dataset.test.labels.slice(0, 0, 12)), (std::vector<int64_t>{1, 1, 6, 6, 4, 3, 6, 7, 3, 8, 5, 9}));
  EXPECT_EQ((dataset.test.labels * at::arange(1500)).sum().item<int64_t>(), 4984941);
}

}  // namespace
}  // namespace sid
