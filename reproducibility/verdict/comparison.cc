#include "reproducibility/verdict/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Equal values, as of a law, have no spread to divide by: then what lies beyond the bound does so surely.
double StudentT(double distance, double error) {
  if (error > 0) return distance / error;
  return distance == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
}

// What follows from the values, their deviation and its degrees of freedom.
void Infer(Comparison* comparison) {
  const int64_t degrees = comparison->degrees;
  const Bound& bound = comparison->bound;
  const double error = comparison->deviation / std::sqrt(static_cast<double>(comparison->values.size()));
  const double margin = StudentQuantile(1 - kLevel, degrees) * error;
  comparison->t = {comparison->mean - margin, comparison->mean + margin};
  const double side = bound.above ? 1 : -1, beyond = side * (comparison->mean - bound.value);
  comparison->p = StudentCdf(-StudentT(beyond, error), degrees);
  comparison->p_against = StudentCdf(StudentT(side * (comparison->mean - bound.Fail()), error), degrees);
}

double Product(const Shares& a, const Shares& b) {
  double sum = 0;
  for (const auto& [setting, weight] : a) {
    const auto other = b.find(setting);
    if (other != b.end()) sum += weight * other->second;
  }
  return sum;
}

// Degrees of freedom of all deviations together.
double Satterthwaite(const std::vector<Shares>& shares, const std::vector<Comparison>& comparisons) {
  double sum = 0, shared = 0;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    sum += static_cast<double>(comparisons[i].degrees);
    for (size_t j = 0; j < comparisons.size(); ++j) {
      const double cosine =
          std::pow(Product(shares[i], shares[j]), 2) / (Product(shares[i], shares[i]) * Product(shares[j], shares[j]));
      shared += static_cast<double>(std::min(comparisons[i].degrees, comparisons[j].degrees)) * cosine;
    }
  }
  return sum * sum / shared;
}

bool Supports(const Comparison& comparison) { return comparison.p <= kLevel; }
bool Refutes(const Comparison& comparison) { return comparison.p_against_holm <= kLevel; }

template <typename Predicate>
std::string Labels(const std::vector<Comparison>& comparisons, Predicate chosen) {
  std::vector<std::string> labels;
  for (const Comparison& comparison : comparisons) {
    if (chosen(comparison)) labels.push_back(comparison.label);
  }
  return absl::StrJoin(labels, "; ");
}

}  // namespace

Comparison Compare(const std::string& label, const Bound& bound, const std::vector<uint64_t>& seeds,
                   const std::vector<double>& values) {
  CHECK_EQ(seeds.size(), values.size());
  CHECK(!values.empty());
  Comparison comparison{.label = label, .bound = bound, .seeds = seeds, .values = values};
  comparison.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  comparison.degrees = static_cast<int64_t>(values.size()) - 1;
  if (comparison.degrees == 0) return comparison;
  double squares = 0;
  for (const double value : values) squares += std::pow(value - comparison.mean, 2);
  comparison.deviation = std::sqrt(squares / static_cast<double>(comparison.degrees));
  Infer(&comparison);
  return comparison;
}

void Pool(const std::vector<Shares>& shares, std::vector<Comparison>* comparisons) {
  CHECK_EQ(shares.size(), comparisons->size());
  double sum = 0, degrees = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const Comparison& comparison = (*comparisons)[i];
    if (comparison.degrees == 0) continue;
    degrees += static_cast<double>(comparison.degrees);
    sum += static_cast<double>(comparison.degrees) * std::pow(comparison.deviation, 2) / Product(shares[i], shares[i]);
  }
  if (degrees == 0) return;
  const auto together = static_cast<int64_t>(Satterthwaite(shares, *comparisons) + 1e-9);
  for (size_t i = 0; i < shares.size(); ++i) {
    Comparison& comparison = (*comparisons)[i];
    comparison.deviation = std::sqrt(sum / degrees * Product(shares[i], shares[i]));
    comparison.degrees = together;
    Infer(&comparison);
  }
}

std::vector<double> Holm(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  std::vector<double> corrected(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - rank) * p[order[rank]]));
    corrected[order[rank]] = largest;
  }
  return corrected;
}

void Correct(size_t missing, std::vector<Comparison>* comparisons) {
  std::vector<double> p;
  for (const Comparison& comparison : *comparisons) p.push_back(comparison.p_against);
  p.resize(p.size() + missing, 1);
  const std::vector<double> corrected = Holm(p);
  for (size_t i = 0; i < comparisons->size(); ++i) (*comparisons)[i].p_against_holm = corrected[i];
}

std::string Name(Verdict verdict) {
  static const char* const kNames[] = {"PASS", "FAIL", "INCONCLUSIVE", "NOT RUN", "BY CONSTRUCTION"};
  return kNames[static_cast<int>(verdict)];
}

Finding Decide(const std::vector<Comparison>& comparisons, int64_t seeds) {
  CHECK(!comparisons.empty());
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (const Comparison& comparison : comparisons) {
    fewest = std::min(fewest, static_cast<int64_t>(comparison.values.size()));
  }
  const std::string refuted = Labels(comparisons, [seeds](const Comparison& comparison) {
    return static_cast<int64_t>(comparison.values.size()) >= seeds && Refutes(comparison);
  });
  if (!refuted.empty()) return {Verdict::kFail, absl::StrCat("surely short of the claim: ", refuted)};
  if (fewest < seeds) return {Verdict::kInconclusive, absl::StrFormat("too few seeds: %d of %d", fewest, seeds)};
  const std::string open = Labels(comparisons, [](const Comparison& comparison) { return !Supports(comparison); });
  if (!open.empty()) return {Verdict::kInconclusive, absl::StrCat("the interval straddles the bound: ", open)};
  return {Verdict::kPass, "every interval lies on the claim's side of its bound"};
}

Verdict LeansTo(const std::vector<Comparison>& comparisons, bool complete) {
  constexpr double kAStandardError = 0.16;
  const auto any = [&](auto points) { return std::any_of(comparisons.begin(), comparisons.end(), points); };
  if (any([](const Comparison& c) { return c.p_against_holm <= kAStandardError; })) return Verdict::kFail;
  const bool open = any([](const Comparison& c) { return !(c.p <= kAStandardError); });
  return complete && !open ? Verdict::kPass : Verdict::kInconclusive;
}

}  // namespace sid
