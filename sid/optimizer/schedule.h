#pragma once

// The learning rate as a function of the step.
//
//   warm-up: linear from 0, then   constant  1
//                                  step      1, 0.1 from half of the way on, 0.01 from three quarters on
//                                  cosine    (1 + cos(pi t)) / 2, t from 0 to 1 over what follows the warm-up
//                                  one-cycle 1 - t: with a warm-up of some epochs, the triangle of Smith and Topin (2018)

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

enum class ScheduleShape { kConstant, kStep, kCosine, kOneCycle };

std::vector<std::string> ScheduleNames();
absl::StatusOr<ScheduleShape> ParseSchedule(const std::string& name);

struct Schedule {
  ScheduleShape shape = ScheduleShape::kConstant;
  double base_learning_rate = 1e-3;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;  // warm-up included

  // For step 0 .. total_steps - 1.
  double LearningRate(int64_t step) const;
};

}  // namespace sid
