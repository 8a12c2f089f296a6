#include "sid/belief/divergence.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logaddexp.h>

#include <cmath>

#include "base/status.h"
#include "base/text.h"

namespace sid {
namespace {

// Stands in for log 0 where it is multiplied by a probability of exactly 0, which -infinity would turn into NaN.
constexpr double kLogZero = -1e30;

// KL(t || p) = sum_c t (log t - log p)
at::Tensor KullbackLeibler(const at::Tensor& log_t, const at::Tensor& log_p) {
  return (log_t.exp() * (log_t.clamp_min(kLogZero) - log_p)).sum(-1);
}

// a t + (1-a) q, with a number or a tensor as a: of probabilities forward's minimiser; of logarithms reverse's, but for its
// normalisation.
template <typename Alpha>
at::Tensor Mix(const Alpha& alpha, const at::Tensor& t, const at::Tensor& q) {
  return alpha * t + (1 - alpha) * q;
}

template <typename Alpha>
at::Tensor GradientOf(Divergence divergence, const Alpha& alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                      const at::Tensor& log_p) {
  const at::Tensor p = log_p.exp();
  if (divergence == Divergence::kForward) return p - Mix(alpha, log_y.exp(), log_q.exp());
  // m's normalisation is the same for all classes and drops out of r - <p, r>.
  const at::Tensor r = log_p - Mix(alpha, log_y, log_q);
  return p * (r - (p * r).sum(-1, /*keepdim=*/true));
}

}  // namespace

std::vector<std::string> DivergenceNames() { return {"forward", "reverse"}; }

absl::StatusOr<Divergence> ParseDivergence(const std::string& name) {
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("divergence", name, DivergenceNames()));
  return static_cast<Divergence>(index);
}

at::Tensor Diverge(Divergence divergence, const at::Tensor& log_t, const at::Tensor& log_p) {
  return divergence == Divergence::kForward ? KullbackLeibler(log_t, log_p) : KullbackLeibler(log_p, log_t);
}

at::Tensor LocalLoss(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                     const at::Tensor& log_p) {
  return Mix(alpha, Diverge(divergence, log_y, log_p), Diverge(divergence, log_q, log_p));
}

at::Tensor LocalLoss(Divergence divergence, const at::Tensor& alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                     const at::Tensor& log_p) {
  return Mix(alpha, Diverge(divergence, log_y, log_p), Diverge(divergence, log_q, log_p));
}

at::Tensor LogMinimiser(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q) {
  if (divergence == Divergence::kReverse) return at::log_softmax(Mix(alpha, log_y, log_q), -1);
  return at::logaddexp(log_y + std::log(alpha), log_q + std::log1p(-alpha));
}

at::Tensor LogitsGradient(Divergence divergence, double alpha, const at::Tensor& log_y, const at::Tensor& log_q,
                          const at::Tensor& log_p) {
  return GradientOf(divergence, alpha, log_y, log_q, log_p);
}

LossesAndGradients EvaluateLocalLosses(Divergence divergence, const at::Tensor& alphas, const at::Tensor& log_y,
                                       const at::Tensor& log_beliefs, const at::Tensor& beliefs) {
  const at::Tensor log_q = log_beliefs.slice(0, 0, -1), log_p = log_beliefs.slice(0, 1);
  const at::Tensor alpha = alphas.unsqueeze(-1), of_class = alpha.unsqueeze(-1);
  if (divergence == Divergence::kReverse) {
    return {LocalLoss(divergence, alpha, log_y, log_q, log_p), GradientOf(divergence, of_class, log_y, log_q, log_p)};
  }
  const at::Tensor q = beliefs.slice(0, 0, -1), p = beliefs.slice(0, 1), y = log_y.exp();
  const at::Tensor minimiser = (q * (1 - of_class)).addcmul_(of_class, y);
  const at::Tensor own = Mix(alpha, (y * log_y.clamp_min(kLogZero)).sum(-1), (q * log_q).sum(-1));
  return {own - (minimiser * log_p).sum(-1), p - minimiser};
}

}  // namespace sid
