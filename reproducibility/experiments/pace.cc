#include "reproducibility/experiments/pace.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reproducibility/experiments/settings.h"

namespace sid {
namespace {

// Runs of one kind differ by so much.
constexpr double kSlack = 1.1;
constexpr double kImagesPerSecond = 500, kTimesFasterOnGpu = 80;

std::string KindOf(const TrainConfig& run) { return absl::StrCat(run.network, " ", run.learner); }

double EstimatedSeconds(const TrainConfig& run) {
  const double times = absl::StartsWith(run.device, "cuda") ? kTimesFasterOnGpu : 1;
  return 60 * EstimatedMinutes(run, times * kImagesPerSecond);
}

}  // namespace

bool Pace::Fits(const TrainConfig& run, double now) const {
  const auto kind = kinds_.find(KindOf(run));
  const Sum& known = kind == kinds_.end() ? all_ : kind->second;
  const double slowness = known.estimated > 0 ? known.measured / known.estimated : 1;
  return now + kSlack * slowness * EstimatedSeconds(run) <= end_;
}

void Pace::Took(const TrainConfig& run, double seconds) {
  for (Sum* sum : {&all_, &kinds_[KindOf(run)]}) {
    sum->measured += seconds;
    sum->estimated += EstimatedSeconds(run);
  }
}

}  // namespace sid
