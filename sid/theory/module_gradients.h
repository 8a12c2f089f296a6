#pragma once

// What each module asks for, one by one: a training step needs only the sum of the modules' gradients by z, and whether they
// agree is lost in it.
//
//   z, log p_0 .. log p_L --> g_i = d l_i / d logits_i --> dh_i = g_i W2_i where hidden_i > 0 --> dz_i = dh_i Wz_i
//
// In closed form and for each module alone, from a forward pass that is given: nothing here belongs to training's path.

#include <ATen/core/Tensor.h>

#include <vector>

#include "sid/belief/divergence.h"
#include "sid/network/cascade.h"

namespace sid {

struct ModuleGradients {
  at::Tensor features;  // dz_i = d l_i / d z, of the batch's mean loss [L, B, D]
  at::Tensor norm;      // |d l_i / d theta_i|, over all of module i's own weights [L]
  at::Tensor active;    // fraction of module i's hidden units that any sample of the batch activates [L]
};

// features z [B, D]; log_y [B, C]; log_beliefs [L+1, B, C], which are those of `cascade` on z. `alphas` are a_1 .. a_L.
ModuleGradients GradientsByModule(const Cascade& cascade, Divergence divergence, const std::vector<double>& alphas,
                                  const at::Tensor& features, const at::Tensor& log_y, const at::Tensor& log_beliefs);

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

// features_gradients [L, B, D].
Conflict CompareGradients(const at::Tensor& features_gradients);

}  // namespace sid
