#pragma once

// Counts runs and guesses the time left: what EstimatedMinutes says of the runs to come, at the pace of those that were run.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reproducibility/work.h"

namespace sid {

// What a person who waits is told.
struct ReproduceProgress {
  std::string experiment;
  size_t done = 0, all = 0;  // runs, of all experiments
  double seconds_left = 0;   // by the plans' estimates, at the pace of this call's runs so far
  std::string what;          // "sid L=8 seed 1", and its accuracy when it has ended
  bool ended = false, kept = false;
};

class Meter {
 public:
  // `clock` gives seconds since any fixed time; `folder` is that of the runs' files: what is there will not be run.
  Meter(const std::vector<Work>& all, const std::string& folder, double images_per_second,
        std::function<double()> clock, std::function<void(const ReproduceProgress&)> on_progress);

  void Begin(const Work& work, const TrainConfig& run);
  void End(const Work& work, const TrainConfig& run, const nlohmann::ordered_json& result, bool kept);

 private:
  void Tell(const Work& work, const std::string& what, bool ended, bool kept);

  const std::function<double()> clock_;
  const std::function<void(const ReproduceProgress&)> on_progress_;
  ReproduceProgress progress_;
  std::map<std::string, double> to_come_;         // a run, which experiments may share, once: seconds by estimate
  double estimated_ = 0, spent_ = 0, begin_ = 0;  // seconds
};

}  // namespace sid
