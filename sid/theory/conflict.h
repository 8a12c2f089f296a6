#pragma once

// How far modules agree about the features that they share: a training step needs only the sum of their gradients by z, and whether
// they agree is lost in it.

#include <ATen/core/Tensor.h>

#include <vector>

namespace sid {

// How far the modules agree about the features. Vectors are over all samples and features of the batch together.
struct Conflict {
  std::vector<double> norm;                   // |dz_i|
  std::vector<std::vector<double>> cosine;    // of dz_i and dz_j; 0 where either is 0
  double mean_cosine = 0, lowest_cosine = 0;  // over pairs i < j; 0 for a single module
  double opposed = 0;                         // fraction of pairs with a negative cosine
  // |sum of dz_i| / sum of |dz_i|: 1 where all agree, 1 / sqrt(L) for unrelated directions of one length, 0 where they
  // cancel.
  double agreement = 1;
};

// features_gradients d l_i / d z [L, B, ...] (Inspection in sid/learner/learner.h).
Conflict CompareGradients(const at::Tensor& features_gradients);

}  // namespace sid
