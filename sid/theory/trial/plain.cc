#include "sid/theory/trial/plain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sid {
namespace {

// KL(t || p), where 0 log 0 is 0.
Number KullbackLeibler(const Plain& log_t, const Plain& log_p) {
  Number sum = 0;
  for (size_t c = 0; c < log_t.size(); ++c) {
    const Number t = std::exp(static_cast<Number>(log_t[c]));
    if (t > 0) sum += t * (static_cast<Number>(log_t[c]) - static_cast<Number>(log_p[c]));
  }
  return sum;
}

}  // namespace

Plain ToPlain(const at::Tensor& row) {
  const at::Tensor values = row.contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::vector<Plain> Rows(const at::Tensor& matrix) {
  std::vector<Plain> rows;
  for (const at::Tensor& row : matrix.unbind()) rows.push_back(ToPlain(row));
  return rows;
}

Number PlainDivergence(Divergence divergence, const Plain& log_t, const Plain& log_p) {
  return divergence == Divergence::kForward ? KullbackLeibler(log_t, log_p) : KullbackLeibler(log_p, log_t);
}

Number PlainEntropy(const Plain& log_p) {
  Number sum = 0;
  for (const Number log_probability : log_p) sum -= std::exp(log_probability) * log_probability;
  return sum;
}

Number LogSum(const Plain& log_p) { return LogSumBut(log_p, -1); }

Number LogSumBut(const Plain& log_p, int64_t left_out) {
  Number largest = -std::numeric_limits<Number>::infinity(), sum = 0;
  const auto each = [&](const auto& visit) {
    for (size_t c = 0; c < log_p.size(); ++c) {
      if (static_cast<int64_t>(c) != left_out) visit(static_cast<Number>(log_p[c]));
    }
  };
  each([&](Number value) { largest = std::max(largest, value); });
  if (std::isinf(largest)) return largest;
  each([&](Number value) { sum += std::exp(value - largest); });
  return largest + std::log(sum);
}

}  // namespace sid
