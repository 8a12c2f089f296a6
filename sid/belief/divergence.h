#pragma once

// The local loss of module i and its closed forms.
//
//   l_i = a D(y, p_i) + (1 - a) D(q_i, p_i)
//
//   y: target; q_i = sg(p_{i-1}): teacher; a in (0, 1]: weight of the target
//
//   | divergence | D(t, p)    | minimiser m of l_i     | d l_i / d logits_i                  | targets       |
//   | forward    | KL(t || p) | a y + (1-a) q          | p - m                               | any           |
//   | reverse    | KL(p || t) | ~ y^a q^(1-a)          | p * (r - <p, r>), r = log p - log m | smoothed only |
//
// `forward` is the published code's and the default; `reverse` is the paper's text, infinite for a one-hot target. All
// arguments are logarithms of beliefs, [..., C]; results are finite whenever the logits behind them are within [-1e4,
// 1e4] in float32 (and, for `reverse`, the target is smoothed).

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

enum class Divergence { kForward, kReverse };

std::vector<std::string> DivergenceNames();
absl::StatusOr<Divergence> ParseDivergence(const std::string& name);

// D(t, p) for each example, [..., C] -> [...], in nats. Differentiable in log_p.
at::Tensor Diverge(Divergence divergence, const at::Tensor& log_t, const at::Tensor& log_p);

// l_i for each example, [..., C] -> [...]. Differentiable in log_p. In the second form alpha is a tensor that broadcasts
// with [...]: [L, 1] gives each module of [L, B, C] its own.
at::Tensor LocalLoss(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                     const at::Tensor& log_p);
at::Tensor LocalLoss(Divergence divergence, const at::Tensor& alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                     const at::Tensor& log_p);

// log m, [..., C]: the belief that minimises l_i.
at::Tensor LogMinimiser(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q);

// d l_i / d logits_i, [..., C], without a graph. As a softmax's gradient it sums to 0 over the classes.
at::Tensor LogitsGradient(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                          const at::Tensor& log_p);

struct LossesAndGradients {
  at::Tensor losses;            // l_1 .. l_n of each example [n, B]
  at::Tensor logits_gradients;  // [n, B, C]
};

// Both of n modules at once, from log p_0 .. log p_n [n+1, B, C] and their exponentials: module i's teacher is the entry before its
// own. `alphas` [n]. Without a graph, and in half of the passes over memory, since forward's minimiser serves both:
//
//   l = a <y, log y> + (1-a) <q, log q> - <m, log p>         d l / d logits = p - m
LossesAndGradients EvaluateLocalLosses(Divergence divergence, const at::Tensor& alphas, const at::Tensor& log_y,
                                       const at::Tensor& log_beliefs, const at::Tensor& beliefs);

}  // namespace sid
