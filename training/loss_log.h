#pragma once

// What the steps of an epoch have shown, kept on the device so that the host need not wait for every step, and looked at now
// and then: for the progress line, and for numbers that are no longer finite. Their step and phase are found exactly, however late one
// looks, and the module of a weight where one looks before the next step has spread it: every step leaves
//
//   norm of z            the forward pass
//   loss of each module  its belief, against target and teacher: infinite too where a probability is zero that must not be
//   norm of each weight  after the update
//   Adam's moments       the largest of each second one: an infinite one leaves the weights as they are, and so never shows in
//                        them, but its weight never moves again. The first moments need no look: they go into the weights.
//
// and the first of these that is NaN or infinite, in this order, says where it began.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sid/learner/learner.h"

namespace sid {

// Of an epoch's first steps.
struct LossSums {
  int64_t steps = 0, images = 0, correct = 0;
  std::vector<double> sums;  // of each loss over the steps; empty before the first
};

class LossLog {
 public:
  // For an epoch of `steps` steps that `learner`, which outlives it, takes; `before` are those already taken.
  LossLog(int64_t steps, const Learner& learner, const LossSums& before = {});

  // After each step.
  void Add(const StepResult& result, const at::Tensor& labels);

  // Waits for the device. Internal error with step, phase, module and hint when a number since the last call is not finite;
  // `epoch` (from 1) and `learning_rate` only make its text.
  absl::Status Check(int64_t epoch, double learning_rate);

  // Of the steps that Check has seen: mean of each loss over them, [depths], the fraction of images classified right, and
  // what both are made from.
  std::vector<double> MeanLosses() const;
  double Accuracy() const;
  const LossSums& sums() const { return seen_; }

 private:
  void AddNorms(const at::Tensor& features);
  // What of step `step` is not finite, the first in order; "" if all is. `norms` and `losses` are the step's, on the CPU.
  std::string FirstNonFinite(const double* norms, const double* losses, int64_t step) const;

  int64_t steps_;
  std::vector<int64_t> depths_;
  // Each weight, each second moment; their tensors apart, as one call wants them.
  std::vector<NamedTensor> watched_;
  std::vector<at::Tensor> weights_, moments_;
  LossSums seen_;
  int64_t added_, images_;
  at::Tensor losses_;   // [steps, depths] on the device
  at::Tensor norms_;    // [steps, 1 + watched]: of the features, of each weight, of each second moment
  at::Tensor correct_;  // int64 on the device, of the steps this has seen itself
  int64_t correct_before_;
};

}  // namespace sid
