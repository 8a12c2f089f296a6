#include <gtest/gtest.h>

#include "reproducibility/verdict/judge.h"

namespace sid {
namespace {

TEST(RunChecks, InferenceIsTheForwardPassWrittenOut) {
  const auto checks = RunChecks();
  EXPECT_LE(checks.at("inference_difference"), 1e-5);
  EXPECT_EQ(checks, RunChecks());
}

}  // namespace
}  // namespace sid
