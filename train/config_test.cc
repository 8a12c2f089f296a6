#include "train/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sid {
namespace {

std::string ErrorOf(const TrainConfig& config) { return std::string(Validate(config).message()); }

TEST(Validate, TheDefaultsAreFine) { EXPECT_TRUE(Validate({}).ok()); }

// Each of these is a number that a flag takes, and would allocate, overflow or loop for ever.
TEST(Validate, HugeNumbersAreNamed) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(ErrorOf({.depth = 1'000'000'000}), "--depth=1000000000 is out of range: it must be from 1 to 100000");
  EXPECT_EQ(ErrorOf({.hidden = kHuge}).find("--hidden="), 0u);
  EXPECT_EQ(ErrorOf({.features = kHuge}).find("--features="), 0u);
  EXPECT_EQ(ErrorOf({.epochs = kHuge}).find("--epochs="), 0u);
  EXPECT_EQ(ErrorOf({.batch_size = kHuge}).find("--batch_size="), 0u);
  EXPECT_EQ(ErrorOf({.warmup_epochs = 1e300}).find("--warmup_epochs="), 0u);
  EXPECT_EQ(ErrorOf({.threads = int64_t{1} << 32}).find("--threads="), 0u);
}

TEST(Validate, WhatIsNoNumberIsNamed) {
  for (const double value : std::vector<double>{NAN, INFINITY, -INFINITY, -1}) {
    EXPECT_EQ(ErrorOf({.smoothing = value}).find("--smoothing="), 0u);
    EXPECT_EQ(ErrorOf({.label_noise = value}).find("--label_noise="), 0u);
    EXPECT_EQ(ErrorOf({.learning_rate = value}).find("--lr="), 0u);
    EXPECT_EQ(ErrorOf({.warmup_epochs = value}).find("--warmup_epochs="), 0u);
    EXPECT_EQ(ErrorOf({.weight_decay = value}).find("--weight_decay="), 0u);
    EXPECT_EQ(ErrorOf({.momentum = value}).find("--momentum="), 0u);
    EXPECT_EQ(ErrorOf({.clip_norm = value}).find("--clip_norm="), 0u);
  }
}

}  // namespace
}  // namespace sid
