#pragma once

// Gaussian classes rendered as images, whose Bayes error is known: in the long run no classifier can do better, and a
// good one comes near. For tests and benchmarks with any C, height and width.
//
//   class y --> v = separation * e_y + noise,  noise ~ N(0, I_C) --> image = 127.5 + contrast * U v, rounded to bytes
//
// U, [channels * height * width, C], has orthonormal columns, one for each class: the C smoothest cosine patterns (of
// the DCT-II), mixed by a random rotation, so that a convolution finds structure in them. An orthonormal map keeps
// distances; so the Bayes classifier takes the class with the nearest mean, in images as in v, and is right if v_y is
// the largest component:
//
//   Bayes error = 1 - E_z[Phi(z + separation)^(C-1)],  z ~ N(0, 1)
//
// The contrast is as high as noise of 5 standard deviations in any pixel allows within a byte, and rounding adds a
// noise far below the contrast: neither changes the error measurably.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace sid {

struct SyntheticConfig {
  int64_t classes = 10;
  int64_t channels = 3;
  int64_t height = 32;
  int64_t width = 32;
  int64_t train_examples = 2000;
  int64_t test_examples = 500;
  double separation = 3.9;  // the length of a class mean, in standard deviations of the noise: a Bayes error of 2 %
  uint64_t seed = 1;
};

// Classes are equally frequent, and come in turns. InvalidArgument unless 2 <= C <= channels * height * width and sizes
// and separation are positive. The statistics are left to the caller.
absl::StatusOr<Dataset> MakeSynthetic(const SyntheticConfig& config);

// The means of the classes in gray levels, float [C, channels, height, width], of a config that MakeSynthetic accepts.
at::Tensor SyntheticMeans(const SyntheticConfig& config);

// The probability that the Bayes classifier errs, by numerical integration.
double BayesError(int64_t classes, double separation);

}  // namespace sid
