#pragma once

// Which runs still end in the time that is left: by the estimate that plans go by (plan.h), times what runs of the same kind have taken
// of it on this machine.
//
//   seconds = estimated seconds * (measured / estimated of the runs so far: of this network and learner, else of all, else 1)

#include <map>
#include <string>

#include "train/config.h"

namespace sid {

class Pace {
 public:
  // `end` by the clock of whoever asks.
  Pace(double images_per_second, double end) : images_per_second_(images_per_second), end_(end) {}

  bool Fits(const TrainConfig& run, double now) const;
  void Took(const TrainConfig& run, double seconds);

 private:
  struct Sum {
    double measured = 0, estimated = 0;
  };
  double EstimatedSeconds(const TrainConfig& run) const;

  double images_per_second_, end_;
  Sum all_;
  std::map<std::string, Sum> kinds_;
};

}  // namespace sid
