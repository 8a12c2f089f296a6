#pragma once

// Which runs still end in the time that is left: by the estimate that plans go by (settings.h), times what runs of the same kind have taken
// of it on this machine.
//
//   seconds = estimated seconds * (measured / estimated of the runs so far: of this network and learner, else of all)
//
// Before any run: as estimated, for two CPU cores; a GPU is taken to be 80 times as fast. An H100 was 200 times.

#include <map>
#include <string>

#include "train/config.h"

namespace sid {

class Pace {
 public:
  // `end` by the clock of whoever asks.
  explicit Pace(double end) : end_(end) {}

  bool Fits(const TrainConfig& run, double now) const;
  void Took(const TrainConfig& run, double seconds);

 private:
  struct Sum {
    double measured = 0, estimated = 0;
  };

  double end_;
  Sum all_;
  std::map<std::string, Sum> kinds_;
};

}  // namespace sid
