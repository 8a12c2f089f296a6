#pragma once

// What happens to one row of logits, in one pass: the belief, the local loss and its gradient, as sid/belief/divergence.h
// defines them.
//
//   logits, log q, log y [C] --> log p, p, d l / d logits [C], l
//
// `Lanes` are the threads that share a row: lane() of lanes() takes every lanes()-th class, and Sum and Max combine what the
// lanes have. A warp of a GPU is one; on the CPU a test's threads are, or a single one.

#include "sid/cascade/kernel/host_device.h"

namespace sid::kernels {

// One row of the arrays. What is read and written by one lane only may overlap: log_p may be log_q.
template <typename Storage, typename Number>
struct Row {
  int classes = 0;  // C
  Number alpha = 0;
  Number scale = 1;  // of the gradient: 1/B for a batch's mean
  const Number* logits = nullptr;
  const Number* log_q = nullptr;
  const Number* log_y = nullptr;
  Number* log_p = nullptr;
  Storage* gradient = nullptr;
};

// log sum exp(logits), the same on every lane.
template <typename Number, typename Lanes>
SID_HOST_DEVICE Number LogSumExp(const Lanes& lanes, const Number* logits, int classes) {
  Number largest = logits[0];
  for (int c = lanes.lane(); c < classes; c += lanes.lanes()) largest = logits[c] > largest ? logits[c] : largest;
  largest = lanes.Max(largest);
  Number sum = 0;
  for (int c = lanes.lane(); c < classes; c += lanes.lanes()) sum += Exp(logits[c] - largest);
  return largest + Log(lanes.Sum(sum));
}

// KL(t || p)'s part of one class; a probability of exactly 0 adds nothing, and its logarithm is -infinity.
template <typename Number>
SID_HOST_DEVICE Number DivergencePart(Number t, Number log_t, Number log_p) {
  return t > 0 ? t * (log_t - log_p) : Number(0);
}

// Both return the loss, the same on every lane. Forward: l = a KL(y || p) + (1-a) KL(q || p), gradient p - (a y + (1-a) q).
template <typename Storage, typename Number, typename Lanes>
SID_HOST_DEVICE Number FinishForward(const Lanes& lanes, const Row<Storage, Number>& row) {
  const Number log_sum = LogSumExp(lanes, row.logits, row.classes), rest = 1 - row.alpha;
  Number loss = 0;
  for (int c = lanes.lane(); c < row.classes; c += lanes.lanes()) {
    const Number log_p = row.logits[c] - log_sum, log_q = row.log_q[c], log_y = row.log_y[c];
    const Number q = Exp(log_q), y = Exp(log_y);
    loss += row.alpha * DivergencePart(y, log_y, log_p) + rest * DivergencePart(q, log_q, log_p);
    row.gradient[c] = static_cast<Storage>((Exp(log_p) - row.alpha * y - rest * q) * row.scale);
    row.log_p[c] = log_p;
  }
  return lanes.Sum(loss);
}

// Reverse: with r = log p - a log y - (1-a) log q the loss is <p, r>, and the gradient p (r - <p, r>).
template <typename Storage, typename Number, typename Lanes>
SID_HOST_DEVICE Number FinishReverse(const Lanes& lanes, const Row<Storage, Number>& row) {
  const Number log_sum = LogSumExp(lanes, row.logits, row.classes), rest = 1 - row.alpha;
  Number loss = 0;
  for (int c = lanes.lane(); c < row.classes; c += lanes.lanes()) {
    const Number log_p = row.logits[c] - log_sum;
    loss += Exp(log_p) * (log_p - row.alpha * row.log_y[c] - rest * row.log_q[c]);
  }
  loss = lanes.Sum(loss);
  for (int c = lanes.lane(); c < row.classes; c += lanes.lanes()) {
    const Number log_p = row.logits[c] - log_sum;
    const Number r = log_p - row.alpha * row.log_y[c] - rest * row.log_q[c];
    row.gradient[c] = static_cast<Storage>(Exp(log_p) * (r - loss) * row.scale);
    row.log_p[c] = log_p;
  }
  return loss;
}

}  // namespace sid::kernels
