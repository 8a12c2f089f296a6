#include <gtest/gtest.h>

#include "reproducibility/verdict/evidence.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// d_0 is 2; the first module's divergence is as it was, the second's falls in the first half and rises in the other.
TEST(QuantityOf, RisesInTrainingAreMeansOverHalves) {
  const auto epoch = [](double second) -> ordered_json { return {{"validation", {{"divergence", {1.0, second}}}}}; };
  const ordered_json result = {{"theory", {{"divergence", {2.0, 1.0, 1.0}}}},
                               {"epochs", {epoch(0.8), epoch(0.6), epoch(1.2), epoch(1.0)}}};
  const std::vector<double> rises = QuantityOf("rise_in_training", result).value();
  ASSERT_EQ(rises.size(), 2u);
  EXPECT_NEAR(rises[0], -0.15, 1e-12);
  EXPECT_NEAR(rises[1], 0.05, 1e-12);
  EXPECT_EQ(QuantityOf("contraction", result).value(), (std::vector<double>{0.5, 1}));
}

}  // namespace
}  // namespace sid
