#pragma once

// A cascade of perceptrons (sid/network/heads.h) forward and backward by LibTorch's operations without autograd, for executors of SID and for backpropagation alike:
//
//   forward    hidden = z Wz^T + b                                  one product for all n modules   [B,D] x [D,n*H]
//              for each module: hidden_i += q_i Wp_i^T, relu, logits_i, log p_i
//   backward   from g_i = d l / d logits_i and dh_i = d l / d hidden_i before its ReLU, in products batched over the modules:
//              dW2 = g^T hidden, dWp = dh^T q, and dWz = dh^T z and dz = dh Wz, one product each
//
// What differs between learners is where g comes from: SID has it from the module's own loss, backpropagation from the next module.

#include <ATen/core/Tensor.h>

#include "sid/network/heads.h"

namespace sid {

// z Wz^T + b of all modules, [B, n, H].
at::Tensor FeaturesHalf(const Cascade& modules, const at::Tensor& features);

struct CascadeForward {
  at::Tensor hidden;       // [B, n, H] after the ReLU
  at::Tensor log_beliefs;  // log p_0 .. log p_n [n+1, B, C], where log p_0 is the first module's input
  at::Tensor beliefs;      // their exponentials
};

// `features` z [B, D] of the modules' type, `log_q` [B, C] the first module's input.
CascadeForward RunForward(const Cascade& modules, const at::Tensor& features, const at::Tensor& log_q);

// What the way back needs of n modules, all of their type.
struct CascadeBackward {
  at::Tensor features;         // z [B, D]
  at::Tensor hidden;           // [B, n, H], after the ReLU
  at::Tensor inputs;           // q_1 .. q_n [n, B, C], as probabilities
  at::Tensor logits_gradient;  // g [n, B, C]
  at::Tensor hidden_gradient;  // dh [n, B, H], 0 where the ReLU was
};

// Writes the gradients of `modules`' weights into `gradients`, of the same shapes and contiguous, and theirs by z into
// `features_gradient`: their sum is added to one of [B, D], each module's own written to one of [n, B, D], and an undefined one,
// where no extractor learns, costs nothing. Both may be of a higher precision than the modules, whose type is that of all products.
void WeightGradients(const Cascade& modules, const CascadeBackward& backward, const Cascade& gradients,
                     at::Tensor& features_gradient);

}  // namespace sid
