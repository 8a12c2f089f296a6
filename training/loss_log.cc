#include "training/loss_log.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
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

}  // namespace

LossLog::LossLog(int64_t steps, const Learner& learner) : depths_(learner.LossDepths()), watch_(learner.State()) {
  const auto columns = static_cast<int64_t>(1 + depths_.size() + watch_.tensors().size() + 1);
  rows_ = at::zeros({steps, columns}, watch_.tensors().at(0).tensor.detach().options());
  places_ = at::arange(steps, at::TensorOptions(rows_.device()).dtype(at::kLong)).view({steps, 1});
  StartEpoch();
}

void LossLog::StartEpoch(const LossSums& before) {
  seen_ = before;
  seen_.sums.resize(depths_.size(), 0.0);
}

void LossLog::Write(const at::Tensor& step, const StepResult& result, const at::Tensor& labels) {
  // Not index_copy_, which in deterministic mode may make the host wait.
  at::where_out(rows_, places_.eq(step), watch_.Row(result, labels), rows_);
}

void LossLog::WriteLate(int64_t step, const at::Tensor& row) {
  late_ = true;
  rows_[step].copy_(row);
}

absl::Status LossLog::Check(int64_t steps, int64_t images, int64_t epoch, double learning_rate) {
  const at::Tensor numbers = rows_.slice(0, seen_.steps, steps).to(at::kCPU, at::kDouble).contiguous();
  const int64_t columns = rows_.size(1);
  for (const double* row = numbers.data_ptr<double>(); seen_.steps < steps; ++seen_.steps, row += columns) {
    const std::string what = FirstNonFinite(row, !late_ && seen_.steps + 1 == steps);
    if (!what.empty()) {
      return absl::InternalError(
          absl::StrCat(what, " at epoch ", epoch, ", step ", seen_.steps + 1, ": a learning rate of ", learning_rate,
                       " is probably too high: try a tenth of it, a warm-up, or clipping the gradients to norm 1"));
    }
    for (size_t k = 0; k < depths_.size(); ++k) seen_.sums[k] += row[1 + k];
    seen_.correct += std::llround(row[columns - 1]);
  }
  seen_.images = images;
  return absl::OkStatus();
}

std::string LossLog::FirstNonFinite(const double* row, bool is_last) const {
  if (!std::isfinite(*row)) return absl::StrCat("forward pass: the features' norm is ", *row);
  ++row;
  for (const int64_t depth : depths_) {
    if (!std::isfinite(*row)) return absl::StrCat("beliefs: the loss of module ", depth, " is ", *row);
    ++row;
  }
  for (size_t k = 0; k < watch_.tensors().size(); ++k, ++row) {
    if (std::isfinite(*row)) continue;
    const bool is_weight = k < watch_.weights();
    // Later steps spread it to other modules: only at the last one do the weights still tell whose it was.
    const int64_t module = is_last ? FirstBadModule(watch_.tensors()[k]) : 0;
    return absl::StrCat("update: the ", is_weight ? "norm of " : "largest of the optimizer's ",
                        watch_.tensors()[k].name, module > 0 ? absl::StrCat(" in module ", module) : "", " is ", *row);
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
