#include "sid/training/loss_log.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

absl::Status NotFinite(double loss, int64_t epoch, int64_t step, int64_t depth, double learning_rate) {
  return absl::InternalError(
      absl::StrCat("the loss of module ", depth, " is ", loss, " at epoch ", epoch, ", step ", step + 1,
                   ": training stops; a learning rate of ", learning_rate,
                   " is probably too high: try a tenth of it, a warm-up, or clipping the gradients to norm 1"));
}

}  // namespace

LossLog::LossLog(int64_t steps, std::vector<int64_t> depths)
    : steps_(steps), depths_(std::move(depths)), sums_(depths_.size(), 0.0) {}

void LossLog::Add(const StepResult& result, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  const at::Tensor correct = result.log_belief.argmax(-1).eq(labels).sum();
  if (!losses_.defined()) {
    losses_ = at::empty({steps_, result.losses.size(0)}, result.losses.options());
    correct_ = correct;
  } else {
    correct_ += correct;
  }
  losses_[added_++].copy_(result.losses);
  images_ += labels.size(0);
}

absl::Status LossLog::Check(int64_t epoch, double learning_rate) {
  const at::Tensor unseen = losses_.slice(0, checked_, added_).to(at::kCPU, at::kDouble).contiguous();
  const double* loss = unseen.data_ptr<double>();
  for (; checked_ < added_; ++checked_) {
    for (size_t k = 0; k < depths_.size(); ++k, ++loss) {
      if (!std::isfinite(*loss)) return NotFinite(*loss, epoch, checked_, depths_[k], learning_rate);
      sums_[k] += *loss;
    }
  }
  accuracy_ = correct_.item<double>() / static_cast<double>(images_);
  return absl::OkStatus();
}

std::vector<double> LossLog::MeanLosses() const {
  std::vector<double> means = sums_;
  for (double& mean : means) mean /= static_cast<double>(checked_);
  return means;
}

double LossLog::Accuracy() const { return accuracy_; }

}  // namespace sid
