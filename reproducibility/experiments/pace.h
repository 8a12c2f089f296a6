#pragma once

// How long runs take on this device, and which of them still end in the time that is left.
//
//   estimate = images that the run computes * seconds an image of its kind, by the kind's first steps
//   seconds  = estimate * what runs have taken of theirs so far: those of this kind, else all
//
// A kind is a network with its learner, of one depth, on images of one shape, by batches of one size.

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "train/config.h"

namespace sid {

// Of a training step on this device: the mean of a few, after the first ones, on random images. 0, which is not known, where the
// learner cannot be made.
double SecondsPerImage(const TrainConfig& run, const std::function<double()>& clock);

class Pace {
 public:
  // `seconds_per_image` is asked once a kind; `end` by the clock of whoever asks.
  explicit Pace(std::function<double(const TrainConfig&)> seconds_per_image,
                double end = std::numeric_limits<double>::infinity())
      : seconds_per_image_(std::move(seconds_per_image)), end_(end) {}

  double Seconds(const TrainConfig& run);
  // Of all of them together: those of kinds that were asked for tell for the others.
  double SecondsOf(const std::vector<const TrainConfig*>& runs) const;
  bool Fits(const TrainConfig& run, double now);
  void Took(const TrainConfig& run, double seconds);

 private:
  struct Kind {
    double per_image = 0;                // seconds, by first steps
    double measured = 0, estimated = 0;  // of runs
  };
  Kind& KindOf(const TrainConfig& run);
  double Seconds(const TrainConfig& run, const Kind& kind) const;

  std::function<double(const TrainConfig&)> seconds_per_image_;
  double end_;
  Kind all_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace sid
