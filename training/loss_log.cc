#include "training/loss_log.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

// The module, from 1, whose row of stacked heads [n, ...] is not finite; 0 where it is not one module's.
int64_t FirstBadModule(const NamedTensor& stacked) {
  if (stacked.first_module == kNobody) return 0;
  const at::Tensor finite = at::isfinite(stacked.tensor).flatten(1).all(1).to(at::kCPU).contiguous();
  const bool* const row = finite.data_ptr<bool>();
  const bool* const bad = std::find(row, row + finite.numel(), false);
  return bad == row + finite.numel() ? 0 : stacked.first_module + (bad - row) + 1;
}

std::vector<double> OnHost(const at::Tensor& rows) {
  const at::Tensor numbers = rows.to(at::kCPU, at::kDouble).contiguous();
  return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

}  // namespace

LossLog::LossLog(int64_t steps, const Learner& learner, const LossSums& before)
    : steps_(steps),
      depths_(learner.LossDepths()),
      seen_(before),
      added_(before.steps),
      images_(before.images),
      correct_before_(before.correct) {
  seen_.sums.resize(depths_.size(), 0.0);
  const auto watch = [&](bool moments, std::vector<at::Tensor>& tensors) {
    for (const NamedTensor& one : learner.State()) {
      if (moments ? one.role != Role::kSecondMoment : one.is_moment()) continue;
      watched_.push_back(one);
      tensors.push_back(one.tensor.detach());
    }
  };
  watch(false, weights_);
  watch(true, moments_);
}

void LossLog::Add(const StepResult& result, const at::Tensor& labels) {
  const at::NoGradGuard no_grad;
  const at::Tensor correct = result.log_belief.argmax(-1).eq(labels).sum();
  if (!losses_.defined()) {
    losses_ = at::empty({steps_, result.losses.size(0)}, result.losses.options());
    norms_ = at::zeros({steps_, 1 + static_cast<int64_t>(watched_.size())}, result.losses.options());
    correct_ = correct;
  } else {
    correct_ += correct;
  }
  losses_[added_].copy_(result.losses);
  AddNorms(result.features);
  ++added_;
  images_ += labels.size(0);
}

void LossLog::AddNorms(const at::Tensor& features) {
  const at::Tensor row = norms_[added_];
  if (features.defined()) row[0].copy_(features.norm());
  const auto weights = static_cast<int64_t>(weights_.size());
  if (weights > 0) row.slice(0, 1, 1 + weights).copy_(at::stack(at::_foreach_norm(weights_)));
  // Not the root of the sum of squares, which overflows where the moments, squares themselves, do not.
  constexpr double kLargest = std::numeric_limits<double>::infinity();
  if (!moments_.empty()) row.slice(0, 1 + weights).copy_(at::stack(at::_foreach_norm(moments_, kLargest)));
}

absl::Status LossLog::Check(int64_t epoch, double learning_rate) {
  if (added_ == seen_.steps) return absl::OkStatus();
  const std::vector<double> losses = OnHost(losses_.slice(0, seen_.steps, added_)),
                            norms = OnHost(norms_.slice(0, seen_.steps, added_));
  const double *loss = losses.data(), *norm = norms.data();
  for (; seen_.steps < added_; ++seen_.steps, loss += depths_.size(), norm += 1 + watched_.size()) {
    const std::string what = FirstNonFinite(norm, loss, seen_.steps);
    if (!what.empty()) {
      return absl::InternalError(
          absl::StrCat(what, " at epoch ", epoch, ", step ", seen_.steps + 1, ": a learning rate of ", learning_rate,
                       " is probably too high: try a tenth of it, a warm-up, or clipping the gradients to norm 1"));
    }
    for (size_t k = 0; k < depths_.size(); ++k) seen_.sums[k] += loss[k];
  }
  seen_.images = images_;
  seen_.correct = correct_before_ + correct_.item<int64_t>();
  return absl::OkStatus();
}

std::string LossLog::FirstNonFinite(const double* norms, const double* losses, int64_t step) const {
  if (!std::isfinite(norms[0])) return absl::StrCat("forward pass: the features' norm is ", norms[0]);
  for (size_t k = 0; k < depths_.size(); ++k) {
    if (!std::isfinite(losses[k])) return absl::StrCat("beliefs: the loss of module ", depths_[k], " is ", losses[k]);
  }
  for (size_t k = 0; k < watched_.size(); ++k) {
    if (std::isfinite(norms[1 + k])) continue;
    const bool is_weight = k < weights_.size();
    // Later steps spread it to other modules: only at the last one do the weights still tell whose it was.
    const int64_t module = step + 1 == added_ ? FirstBadModule(watched_[k]) : 0;
    return absl::StrCat("update: the ", is_weight ? "norm of " : "largest of the optimizer's ", watched_[k].name,
                        module > 0 ? absl::StrCat(" in module ", module) : "", " is ", norms[1 + k]);
  }
  return "";
}

std::vector<double> LossLog::MeanLosses() const {
  std::vector<double> means = seen_.sums;
  for (double& mean : means) mean /= static_cast<double>(seen_.steps);
  return means;
}

double LossLog::Accuracy() const { return static_cast<double>(seen_.correct) / static_cast<double>(seen_.images); }

}  // namespace sid
