#pragma once

// A data set is a value: what a loader returns, what a split or label noise changes, what goes to the device as a
// whole.
//
//   files --Load...--> Dataset --SplitValidation--> --AddLabelNoise--> --ToDevice--> batches (data/batches/batches.h)

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// Images with their classes. Images stay bytes until a batch is made of them: a quarter of the memory of floats.
struct Examples {
  at::Tensor images;  // uint8 [N, channels, height, width]
  at::Tensor labels;  // int64 [N], each in [0, C)

  int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

// Mean and standard deviation of each channel over the training part, of pixels in [0, 255].
struct ChannelStatistics {
  std::vector<float> mean;
  std::vector<float> standard_deviation;  // at least 1: a constant channel divides by it too
};

struct Dataset {
  std::string name;                      // as --dataset names it
  std::vector<std::string> class_names;  // C of them
  Examples train;
  Examples validation;  // empty until SplitValidation
  Examples test;
  ChannelStatistics statistics;  // of `train`

  int64_t classes() const { return static_cast<int64_t>(class_names.size()); }
};

// Over all of `images`, uint8 [N, channels, height, width].
ChannelStatistics ComputeStatistics(const at::Tensor& images);

// That shapes, types and sizes belong together and every label is in [0, C); the error names the part and the index.
absl::Status Validate(const Dataset& dataset);

// The same set with every tensor on `device`.
Dataset ToDevice(const Dataset& dataset, at::Device device);

// One number for a data set, so that a run is not continued on other data.

// SHA-256, as text, of every image and label of all three parts and their sizes. Of a set on the CPU.
std::string Fingerprint(const Dataset& dataset);

}  // namespace sid
