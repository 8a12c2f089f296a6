#include "sid/optimizer/schedule.h"

#include <gtest/gtest.h>

namespace sid {
namespace {

TEST(Schedule, WarmsUpLinearlyThenFollowsItsShape) {
  Schedule schedule{.shape = ScheduleShape::kCosine, .base_learning_rate = 2, .warmup_steps = 4, .total_steps = 104};
  EXPECT_DOUBLE_EQ(schedule.LearningRate(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule.LearningRate(3), 2);
  EXPECT_DOUBLE_EQ(schedule.LearningRate(4), 2);
  EXPECT_NEAR(schedule.LearningRate(54), 1, 1e-12);
  EXPECT_GT(schedule.LearningRate(103), 0);
  EXPECT_LT(schedule.LearningRate(103), 1e-3);
}

TEST(Schedule, StepFallsByTenAtAHalfAndThreeQuarters) {
  const Schedule schedule{.shape = ScheduleShape::kStep, .base_learning_rate = 1, .total_steps = 100};
  EXPECT_DOUBLE_EQ(schedule.LearningRate(49), 1);
  EXPECT_DOUBLE_EQ(schedule.LearningRate(50), 0.1);
  EXPECT_DOUBLE_EQ(schedule.LearningRate(75), 0.01);
}

TEST(Schedule, ConstantIsConstantAndNamesAreChecked) {
  EXPECT_DOUBLE_EQ((Schedule{.base_learning_rate = 0.3, .total_steps = 10}.LearningRate(9)), 0.3);
  EXPECT_EQ(ParseSchedule("cosine").value(), ScheduleShape::kCosine);
  EXPECT_NE(ParseSchedule("cosin").status().message().find("'cosine'"), absl::string_view::npos);
}

}  // namespace
}  // namespace sid
