#pragma once

// The losses of an epoch, kept on the device so that the host need not wait for every step, and looked at now and then:
// for the progress line, and for a NaN or infinity, whose step and module are found exactly however late one looks.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "sid/learner/learner.h"

namespace sid {

class LossLog {
 public:
  // `depths` as Learner::LossDepths.
  LossLog(int64_t steps, std::vector<int64_t> depths);

  void Add(const StepResult& result, const at::Tensor& labels);

  // Waits for the device. Internal error with step, module and hint when a loss since the last call is not finite;
  // `epoch` (from 1) and `learning_rate` only make its text.
  absl::Status Check(int64_t epoch, double learning_rate);

  // Of the steps that Check has seen: mean of each loss over them, [depths], and the fraction of images classified
  // right.
  std::vector<double> MeanLosses() const;
  double Accuracy() const;

 private:
  int64_t steps_;
  std::vector<int64_t> depths_;
  int64_t added_ = 0, checked_ = 0, images_ = 0;
  at::Tensor losses_;   // [steps, depths] on the device
  at::Tensor correct_;  // int64 on the device
  std::vector<double> sums_;
  double accuracy_ = 0;
};

}  // namespace sid
