#include "sid/theory/trial/properties.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "sid/theory/trial/plain.h"

namespace sid {
namespace {

using Violation = std::optional<std::string>;

// Rounding of a number that is a sum over classes of p log p, in units of the last place of the largest term.
constexpr double kRounding = 64 * std::numeric_limits<double>::epsilon();

double LargestLogarithm(const at::Tensor& log_beliefs) { return log_beliefs.abs().max().item<double>(); }

double LargestFinite(const Plain& log_p) {
  double largest = 0;
  for (const double value : log_p) largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
  return largest;
}

// What d, l and e of a case may be wrong by.
double Slack(const TheoryCase& tried) { return kRounding * (1 + LargestLogarithm(tried.LogBeliefs())); }

Violation Exceeds(const std::string& left_name, double left, const std::string& right_name, double right, double slack,
                  int64_t module) {
  if (left <= right + slack) return std::nullopt;  // NaN does not pass
  return absl::StrCat("module ", module + 1, ": ", left_name, " = ", left, " > ", right_name, " = ", right);
}

Violation Differs(const std::string& name, double actual, long double expected, double slack, int64_t module) {
  // Equal infinities differ by NaN.
  const auto wanted = static_cast<double>(expected);
  if (actual == wanted || std::abs(actual - wanted) <= slack) return std::nullopt;
  return absl::StrCat("module ", module + 1, ": ", name, " = ", actual, ", by its definition ", wanted);
}

// The first that is a violation.
Violation Either(Violation first, const std::function<Violation()>& second) { return first ? first : second(); }

// Quantities of the one sample, each [L+1] or [L].
struct Chain {
  Chain(const Formulas& formulas, const TheoryCase& tried)
      : quantities(formulas.measure(tried.divergence, tried.alphas, tried.LogTarget().unsqueeze(0),
                                    tried.LogBeliefs().unsqueeze(1))),
        d(ToPlain(quantities.divergence.squeeze(1))),
        l(ToPlain(quantities.loss.squeeze(1))),
        e(ToPlain(quantities.failure.squeeze(1))),
        bound(ToPlain(quantities.bound.squeeze(1))),
        contraction(ToPlain(quantities.contraction.squeeze(1))),
        entropy(ToPlain(quantities.entropy.squeeze(1))) {}
  Quantities quantities;
  Plain d, l, e, bound, contraction, entropy;
};

// What module i adds, by the formulas on paper.
struct Step {
  Number d, l, e;
};

Step PlainStep(const TheoryCase& tried, double alpha, Number d_before, const Plain& y, const Plain& q, const Plain& p) {
  const Number a = alpha, d = PlainDivergence(tried.divergence, y, p);
  const Number l = a * d + (1 - a) * PlainDivergence(tried.divergence, q, p);
  return {d, l, std::max<Number>(0, l - a * d_before)};
}

Violation Definition(const Formulas& formulas, const TheoryCase& tried) {
  const Chain chain(formulas, tried);
  const Plain y = ToPlain(tried.LogTarget());
  const std::vector<Plain> p = Rows(tried.LogBeliefs());
  const double slack = Slack(tried);
  Number before = PlainDivergence(tried.divergence, y, p[0]), bound = before;
  double bound_slack = slack;
  Violation found = Differs("d_0", chain.d[0], before, slack, -1);
  found = Either(found, [&] { return Differs("H(p_0)", chain.entropy[0], PlainEntropy(p[0]), slack, -1); });
  for (int64_t i = 0; i < tried.depth() && !found; ++i) {
    const double alpha = tried.alphas[i];
    const Step step = PlainStep(tried, alpha, before, y, p[i], p[i + 1]);
    bound += step.e / alpha;
    bound_slack += slack / alpha;
    found = Differs("d", chain.d[i + 1], step.d, slack, i);
    found = Either(found, [&] { return Differs("l", chain.l[i], step.l, slack, i); });
    found = Either(found, [&] { return Differs("e", chain.e[i], step.e, slack, i); });
    found = Either(found, [&] { return Differs("bound", chain.bound[i], bound, bound_slack, i); });
    found = Either(found, [&] { return Differs("H(p)", chain.entropy[i + 1], PlainEntropy(p[i + 1]), slack, i); });
    // A ratio means something only where what it divides by is above rounding.
    const auto ratio = static_cast<double>(step.d / before);
    if (before > 1e3 * slack) {
      const double ratio_slack = 3 * slack / static_cast<double>(before) * (1 + ratio);
      found = Either(found, [&] { return Differs("d_i / d_{i-1}", chain.contraction[i], ratio, ratio_slack, i); });
    }
    before = step.d;
  }
  return found;
}

Violation OneStep(const Formulas& formulas, const TheoryCase& tried) {
  const Chain chain(formulas, tried);
  const double slack = Slack(tried);
  Violation found;
  for (int64_t i = 0; i < tried.depth() && !found; ++i) {
    const double alpha = tried.alphas[i];
    found = Exceeds("d_i", chain.d[i + 1], "d_{i-1} + e_i / a_i", chain.d[i] + chain.e[i] / alpha, slack / alpha, i);
  }
  return found;
}

Violation Bound(const Formulas& formulas, const TheoryCase& tried) {
  const Chain chain(formulas, tried);
  const double slack = Slack(tried);
  double sum_of_slack = 0;
  Violation found;
  for (int64_t i = 0; i < tried.depth() && !found; ++i) {
    sum_of_slack += slack / tried.alphas[i];
    found = Exceeds("d_i", chain.d[i + 1], "d_0 + sum of e_j / a_j", chain.bound[i], sum_of_slack, i);
  }
  return found;
}

Violation Descent(const Formulas& formulas, const TheoryCase& tried) {
  const Chain chain(formulas, tried);
  const double slack = Slack(tried);
  Violation found;
  for (int64_t i = 0; i < tried.depth() && !found; ++i) {
    if (chain.e[i] > 0) continue;
    found = Exceeds("e_i = 0, but d_i", chain.d[i + 1], "d_{i-1}", chain.d[i], slack / tried.alphas[i], i);
  }
  return found;
}

// l of the belief p behind teacher q.
Number PlainLoss(const TheoryCase& tried, double alpha, const Plain& y, const Plain& q, const Plain& p) {
  const Number a = alpha, from_target = a * PlainDivergence(tried.divergence, y, p);
  // With a = 1 the teacher does not count, even where its divergence is infinite.
  return alpha == 1 ? from_target : from_target + (1 - a) * PlainDivergence(tried.divergence, q, p);
}

Violation Minimum(const Formulas& formulas, const TheoryCase& tried) {
  const double alpha = tried.alphas[0];
  const at::Tensor log_q = tried.LogBeliefs()[0];
  const at::Tensor log_m = formulas.minimiser(tried.divergence, alpha, tried.LogTarget(), log_q);
  const Plain y = ToPlain(tried.LogTarget()), q = ToPlain(log_q), m = ToPlain(log_m);
  const Number least = PlainLoss(tried, alpha, y, q, m);
  at::Generator generator = MakeGenerator(1, RandomUse::kOrder);
  Violation found = Differs("sum of m", static_cast<double>(std::exp(LogSum(m))), 1, kRounding, 0);
  for (const double size : {0.0, 1e-3, 0.1, 1.0, 10.0}) {
    // The last compares with the next belief of the case, however far.
    const at::Tensor moved = log_m.clamp_min(-745) + size * at::randn(log_m.sizes(), generator, log_m.options());
    const at::Tensor log_p = size == 0 ? tried.LogBeliefs()[1] : at::log_softmax(moved, -1);
    const Plain p = ToPlain(log_p);
    const Number loss = PlainLoss(tried, alpha, y, q, p), excess = PlainDivergence(tried.divergence, m, p);
    const double slack = kRounding * (1 + LargestLogarithm(log_p) + LargestLogarithm(log_q) + LargestFinite(y));
    found = Either(found, [&] { return Differs("l(p)", static_cast<double>(loss), least + excess, slack, 0); });
    found = Either(found, [&] {
      return Exceeds("l(m)", static_cast<double>(least), "l(p)", static_cast<double>(loss), slack, 0);
    });
  }
  return found;
}

// From belief q to belief m by modules whose 1 - a have the product `kept`: what `contraction` and `convergence` claim.
Violation Shrinks(const TheoryCase& tried, const Plain& q, const Plain& m, Number kept, int64_t module) {
  const Plain y = ToPlain(tried.LogTarget());
  const double slack = Slack(tried) * static_cast<double>(module + 2);
  const auto before = static_cast<double>(PlainDivergence(tried.divergence, y, q)),
             after = static_cast<double>(PlainDivergence(tried.divergence, y, m));
  const bool forward = tried.divergence == Divergence::kForward;
  Violation found = Exceeds("D(y, m)", after, "what remains of D(y, q)",
                            forward ? static_cast<double>(kept) * before : before, slack, module);
  if (forward && tried.smoothing == 0) {
    const Number expected = std::log(kept) + LogSumBut(q, tried.label);
    const auto size = static_cast<double>(std::isfinite(expected) ? std::abs(expected) : 0);
    found = Either(found, [&] {
      return Differs("log(1 - m_y)", static_cast<double>(LogSumBut(m, tried.label)), expected, slack + kRounding * size,
                     module);
    });
  }
  for (size_t c = 1; !forward && c < y.size() && !found; ++c) {
    found = Differs("log-odds against y", static_cast<double>(m[c] - y[c] - m[0] + y[0]),
                    kept * (q[c] - y[c] - q[0] + y[0]), 4 * slack, module);
  }
  return found;
}

Violation Contraction(const Formulas& formulas, const TheoryCase& tried) {
  Violation found;
  const at::Tensor log_beliefs = tried.LogBeliefs();
  for (int64_t i = 0; i < std::min<int64_t>(tried.depth(), 8) && !found; ++i) {
    const at::Tensor log_m = formulas.minimiser(tried.divergence, tried.alphas[i], tried.LogTarget(), log_beliefs[i]);
    found = Shrinks(tried, ToPlain(log_beliefs[i]), ToPlain(log_m), 1 - static_cast<Number>(tried.alphas[i]), i);
  }
  return found;
}

Violation Convergence(const Formulas& formulas, const TheoryCase& tried) {
  const at::Tensor log_q = tried.LogBeliefs()[0];
  at::Tensor log_m = log_q;
  Number kept = 1;
  for (const double alpha : tried.alphas) {
    log_m = formulas.minimiser(tried.divergence, alpha, tried.LogTarget(), log_m);
    kept *= 1 - static_cast<Number>(alpha);
  }
  return Shrinks(tried, ToPlain(log_q), ToPlain(log_m), kept, tried.depth() - 1);
}

}  // namespace

std::vector<Property> TheoryProperties() {
  return {{"definition", Definition},  {"one step", OneStep}, {"bound", Bound},
          {"descent", Descent},        {"minimum", Minimum},  {"contraction", Contraction},
          {"convergence", Convergence}};
}

std::optional<std::string> FindViolation(const Property& property, const Formulas& formulas, uint64_t seed,
                                         uint64_t count) {
  for (uint64_t number = 0; number < count; ++number) {
    const TheoryCase drawn = DrawCase(seed, number);
    if (!property.violation(formulas, drawn)) continue;
    const TheoryCase shrunk =
        Shrink(drawn, [&](const TheoryCase& tried) { return property.violation(formulas, tried).has_value(); });
    return absl::StrCat(property.name, ": ", *property.violation(formulas, shrunk), "; seed ", seed, ", case ", number,
                        ", shrunk from L = ", drawn.depth(), ", C = ", drawn.classes(), " to ", Describe(shrunk));
  }
  return std::nullopt;
}

}  // namespace sid
