#include "sid/theory/conflict.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sid {
namespace {

at::Tensor Vectors(const std::vector<double>& values, int64_t depth) {
  return at::tensor(values, at::kDouble).view({depth, 1, -1});
}

TEST(Conflict, IsTheGeometryOfThreeVectors) {
  const Conflict conflict = CompareGradients(Vectors({3, 0, /**/ 0, 4, /**/ -5, 0}, 3));
  EXPECT_EQ(conflict.norm, (std::vector<double>{3, 4, 5}));
  EXPECT_NEAR(conflict.cosine[0][1], 0, 1e-15);
  EXPECT_NEAR(conflict.cosine[0][2], -1, 1e-15);
  EXPECT_NEAR(conflict.mean_cosine, -1.0 / 3, 1e-15);
  EXPECT_NEAR(conflict.lowest_cosine, -1, 1e-15);
  EXPECT_NEAR(conflict.opposed, 1.0 / 3, 1e-15);
  EXPECT_NEAR(conflict.agreement, std::sqrt(20.0) / 12, 1e-15);
}

TEST(Conflict, EndsOfItsRange) {
  EXPECT_NEAR(CompareGradients(Vectors({1, 2, /**/ 2, 4}, 2)).agreement, 1, 1e-15);
  EXPECT_NEAR(CompareGradients(Vectors({1, 2, /**/ -1, -2}, 2)).agreement, 0, 1e-15);
  const Conflict nothing = CompareGradients(Vectors({0, 0, /**/ 1, 0}, 2));
  EXPECT_EQ(nothing.lowest_cosine, 0);
  EXPECT_EQ(nothing.agreement, 1);
  EXPECT_EQ(CompareGradients(Vectors({1, 2}, 1)).mean_cosine, 0);
}

}  // namespace
}  // namespace sid
