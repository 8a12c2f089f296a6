#include "reproducibility/meter.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "reproducibility/experiments/results.h"

namespace sid {

using nlohmann::ordered_json;

Meter::Meter(const std::vector<Work>& all, const std::string& folder, double images_per_second,
             std::function<double()> clock, std::function<void(const ReproduceProgress&)> on_progress)
    : clock_(std::move(clock)), on_progress_(std::move(on_progress)) {
  for (const Work& work : all) {
    progress_.all += work.plan.runs.size();
    for (const TrainConfig& run : work.plan.runs) {
      const std::string name = ResultName(run);
      if (!std::filesystem::exists(absl::StrCat(folder, "/", name)))
        to_come_[name] = 60 * EstimatedMinutes(run, images_per_second);
    }
  }
}

void Meter::Begin(const Work& work, const TrainConfig& run) {
  begin_ = clock_();
  Tell(work, absl::StrFormat("%s L=%d seed %d", run.learner, run.depth, run.seed), /*ended=*/false, /*kept=*/false);
}

void Meter::End(const Work& work, const TrainConfig& run, const ordered_json& result, bool kept) {
  ++progress_.done;
  if (const auto estimate = to_come_.find(ResultName(run)); !kept && estimate != to_come_.end()) {
    estimated_ += estimate->second;
    spent_ += clock_() - begin_;
    to_come_.erase(estimate);
  }
  Tell(work,
       absl::StrFormat("%s L=%d seed %d: %s", run.learner, run.depth, run.seed,
                       result.contains("failed")
                           ? "failed"
                           : absl::StrFormat("%.2f %%", 100 * result.at("test").at("accuracy").back().get<double>())),
       /*ended=*/true, kept);
}

void Meter::Tell(const Work& work, const std::string& what, bool ended, bool kept) {
  progress_.experiment = work.name;
  progress_.what = what;
  progress_.ended = ended;
  progress_.kept = kept;
  double left = 0;
  for (const auto& [name, estimate] : to_come_) left += estimate;
  progress_.seconds_left = left * (estimated_ > 0 ? spent_ / estimated_ : 1);
  on_progress_(progress_);
}

}  // namespace sid
