#include "sid/optimizer/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/status.h"
#include "base/text.h"

namespace sid {

std::vector<std::string> ScheduleNames() { return {"constant", "step", "cosine", "one-cycle"}; }

absl::StatusOr<ScheduleShape> ParseSchedule(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("learning-rate schedule", name, ScheduleNames()));
  return static_cast<ScheduleShape>(index);
}

double Schedule::LearningRate(int64_t step) const {
  // Step 0 already learns: (step + 1) / warmup_steps.
  if (step < warmup_steps)
    return base_learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  const double way =
      static_cast<double>(step - warmup_steps) / static_cast<double>(std::max<int64_t>(total_steps - warmup_steps, 1));
  switch (shape) {
    case ScheduleShape::kConstant:
      return base_learning_rate;
    case ScheduleShape::kStep:
      return base_learning_rate * (way < 0.5 ? 1 : way < 0.75 ? 0.1 : 0.01);
    case ScheduleShape::kOneCycle:
      return base_learning_rate * (1 - way);
    case ScheduleShape::kCosine:
      return base_learning_rate * (1 + std::cos(std::numbers::pi * way)) / 2;
  }
  return base_learning_rate;
}

}  // namespace sid
