#pragma once

// What happens to one row of logits: the belief, and then the local loss and its gradient, as sid/belief/divergence.h defines them.
//
//   logits --> log p = logits - log sum exp(logits)
//   log p, log q, log y [C] --> l, d l / d logits [C]
//
// The next module waits for the belief only. `Lanes` are the threads that share a row: lane() of lanes() takes every lanes()-th four
// classes, and Sum and Max combine what the lanes have. A warp of a GPU is one; on the CPU a test's threads are. Rows in shared memory
// are as long as their fours: what lies past the classes is read and not used.

#include "sid/cascade/kernel/quad.h"

namespace sid::kernels {

// The logarithm of 0. A GPU computes on with it where a branch would make its lanes wait.
template <typename Number>
inline constexpr Number kNever = -static_cast<Number>(INFINITY);

// log sum exp(logits), the same on every lane.
template <typename Number, typename Lanes>
SID_HOST_DEVICE Number LogSumExp(const Lanes& lanes, const Number* logits, int classes) {
  Number largest = kNever<Number>;
  SID_UNROLL(1)
  for (int first = kQuad * lanes.lane(); first < classes; first += kQuad * lanes.lanes()) {
    const auto four = Load<Number>(logits + first);
    for (int j = 0; j < kQuad; ++j) largest = first + j < classes && four.value[j] > largest ? four.value[j] : largest;
  }
  largest = lanes.Max(largest);
  Number sum = 0;
  SID_UNROLL(1)
  for (int first = kQuad * lanes.lane(); first < classes; first += kQuad * lanes.lanes()) {
    const auto four = Load<Number>(logits + first);
    for (int j = 0; j < kQuad; ++j) sum += Exp(first + j < classes ? four.value[j] - largest : kNever<Number>);
  }
  return largest + Log(lanes.Sum(sum));
}

// What the loss and its gradient are made of.
template <typename Storage, typename Number>
struct Row {
  int classes = 0;  // C
  Number alpha = 0;
  Number scale = 1;  // of the gradient: 1/B for a batch's mean
  const Number* log_p = nullptr;
  const Number* log_q = nullptr;
  const Number* log_y = nullptr;
  Storage* gradient = nullptr;
};

// use(c, whether there is a class c, log p, log q, log y) for a lane's classes; where there is none, the others are kNever.
template <typename Storage, typename Number, typename Lanes, typename Use>
SID_HOST_DEVICE void ForClasses(const Lanes& lanes, const Row<Storage, Number>& row, const Use& use) {
  SID_UNROLL(1)
  for (int first = kQuad * lanes.lane(); first < row.classes; first += kQuad * lanes.lanes()) {
    const auto log_p = Load<Number>(row.log_p + first), log_q = Load<Number>(row.log_q + first),
               log_y = Load<Number>(row.log_y + first);
    for (int j = 0; j < kQuad; ++j) {
      const bool is_class = first + j < row.classes;
      use(first + j, is_class, is_class ? log_p.value[j] : kNever<Number>, is_class ? log_q.value[j] : kNever<Number>,
          is_class ? log_y.value[j] : kNever<Number>);
    }
  }
}

// KL(t || p)'s part of one class; a probability of exactly 0 adds nothing, and its logarithm is -infinity.
template <typename Number>
SID_HOST_DEVICE Number DivergencePart(Number t, Number log_t, Number log_p) {
  return t > 0 ? t * (log_t - log_p) : Number(0);
}

// Both return the loss, the same on every lane. Forward: l = a KL(y || p) + (1-a) KL(q || p), gradient p - (a y + (1-a) q).
template <typename Storage, typename Number, typename Lanes>
SID_HOST_DEVICE Number FinishForward(const Lanes& lanes, const Row<Storage, Number>& row) {
  const Number rest = 1 - row.alpha;
  Number loss = 0;
  ForClasses(lanes, row, [&](int c, bool is_class, Number log_p, Number log_q, Number log_y) {
    const Number q = Exp(log_q), y = Exp(log_y);
    loss += row.alpha * DivergencePart(y, log_y, log_p) + rest * DivergencePart(q, log_q, log_p);
    const Number gradient = (Exp(log_p) - row.alpha * y - rest * q) * row.scale;
    if (is_class) row.gradient[c] = static_cast<Storage>(gradient);
  });
  return lanes.Sum(loss);
}

// Reverse: with r = log p - a log y - (1-a) log q the loss is <p, r>, and the gradient p (r - <p, r>).
template <typename Storage, typename Number, typename Lanes>
SID_HOST_DEVICE Number FinishReverse(const Lanes& lanes, const Row<Storage, Number>& row) {
  const Number rest = 1 - row.alpha;
  Number loss = 0;
  ForClasses(lanes, row, [&](int, bool is_class, Number log_p, Number log_q, Number log_y) {
    const Number r = log_p - row.alpha * log_y - rest * log_q;
    loss += Exp(log_p) * (is_class ? r : Number(0));
  });
  loss = lanes.Sum(loss);
  ForClasses(lanes, row, [&](int c, bool is_class, Number log_p, Number log_q, Number log_y) {
    const Number r = log_p - row.alpha * log_y - rest * log_q;
    const Number gradient = Exp(log_p) * (r - loss) * row.scale;
    if (is_class) row.gradient[c] = static_cast<Storage>(gradient);
  });
  return loss;
}

}  // namespace sid::kernels
