#include "sid/cascade/chain_by_kernel.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <vector>

namespace sid {
namespace {

at::Tensor Counting(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return at::arange(count, at::kFloat).view(shape);
}

TEST(FilledUp, LeavesWhatCanBeRead) {
  const at::Tensor weights = Counting({2, 8, 12});
  EXPECT_TRUE(FilledUp(weights).is_same(weights));
}

TEST(FilledUp, CopiesWhatLiesOtherwise) {
  const at::Tensor weights = Counting({2, 8, 12}), turned = weights.transpose(1, 2);
  const at::Tensor result = FilledUp(turned);
  EXPECT_TRUE(result.is_contiguous());
  EXPECT_TRUE(at::equal(result, turned));
  // Four bytes behind what is aligned.
  const at::Tensor beside = Counting({9}).narrow(0, 1, 8).view({2, 4});
  EXPECT_FALSE(FilledUp(beside).is_same(beside));
  EXPECT_TRUE(at::equal(FilledUp(beside), beside));
}

TEST(FilledUp, PutsZerosBehindTheNumbers) {
  const at::Tensor weights = Counting({2, 5, 3}) + 1, result = FilledUp(weights);
  EXPECT_EQ(result.sizes().vec(), (std::vector<int64_t>{2, 8, 4}));
  EXPECT_TRUE(at::equal(result.narrow(1, 0, 5).narrow(2, 0, 3), weights));
  EXPECT_EQ(result.sum().item<float>(), weights.sum().item<float>());
  EXPECT_EQ(FilledUp(Counting({3, 6})).sizes().vec(), (std::vector<int64_t>{3, 8}));
}

}  // namespace
}  // namespace sid
