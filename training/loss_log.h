#pragma once

// What the steps of an epoch have shown: a table on the device, of which each step writes its own row, so that the host need not wait
// for every step, and which is read now and then: for the progress line, and for numbers that are no longer finite. Their step and
// phase are found exactly, however late one looks, and the module of a weight where one looks before the next step has spread it. A row
// is
//
//   norm of z            the forward pass
//   loss of each module  its belief, against target and teacher: infinite too where a probability is zero that must not be
//   norm of each weight  after the update
//   Adam's moments       the largest of each second one: an infinite one leaves the weights as they are, and so never shows in
//                        them, but its weight never moves again. The first moments need no look: they go into the weights.
//   images classified right
//
// and the first of these that is NaN or infinite, in this order, says where it began.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sid/learner/learner.h"
#include "training/watch.h"

namespace sid {

// Of an epoch's first steps.
struct LossSums {
  int64_t steps = 0, images = 0, correct = 0;
  std::vector<double> sums;  // of each loss over the steps; empty before the first
};

class LossLog {
 public:
  // For epochs of `steps` steps that `learner`, which outlives it, takes.
  LossLog(int64_t steps, const Learner& learner);

  // An epoch begins, of which `before` are the steps already taken.
  void StartEpoch(const LossSums& before = {});

  // Row `step` (int64, scalar, on the learner's device, from 0 in the epoch), after that step: work for the device alone, with the same
  // memory each time, which a CUDA graph can hold.
  void Write(const at::Tensor& step, const StepResult& result, const at::Tensor& labels);

  // The same row made elsewhere (training/pipeline.h), when later steps may have moved the weights.
  void WriteLate(int64_t step, const at::Tensor& row);

  // Waits for the device. Internal error with step, phase, module and hint when a number since the last call is not finite.
  // `steps` of the epoch are written, which showed `images`; `epoch` (from 1) and `learning_rate` only make its text.
  absl::Status Check(int64_t steps, int64_t images, int64_t epoch, double learning_rate);

  // Of the steps that Check has seen: mean of each loss over them, [depths], the fraction of images classified right, and
  // what both are made from.
  std::vector<double> MeanLosses() const;
  double Accuracy() const;
  const LossSums& sums() const { return seen_; }

 private:
  // What of a row is not finite, the first in order; "" if all is. `is_last`: no step came after it.
  std::string FirstNonFinite(const double* row, bool is_last) const;

  std::vector<int64_t> depths_;
  Watch watch_;
  bool late_ = false;
  at::Tensor rows_;    // [steps, 1 + depths + watched + 1]
  at::Tensor places_;  // int64 [steps, 1], the number of each row
  LossSums seen_;
};

}  // namespace sid
