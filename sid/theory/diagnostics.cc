#include "sid/theory/diagnostics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"

namespace sid {
namespace {

// A trend is told from noise by its duration: this many records.
constexpr size_t kWindow = 6;

// Plateau: from the window's first half to its second the mean D(y, p_L) fell by less than this part of itself ...
constexpr double kStill = 0.05;
// ... at most this part of the way from the uniform belief's to the attainable minimum is left, and that minimum is at least
// this part of what is left: a network that has learned nothing, or too little, stands still for another reason ...
constexpr double kWayLeft = 0.5, kAlphasPart = 0.4;
// ... and that minimum is above this, in nats. In closed form it is -log(1 - (1-a)^L (1 - 1/C)), hardly a matter of C: with
// a = 0.1 at least 0.89, 0.49 and 0.18 at L = 4, 8 and 16; with the default, a = 0.5, at most 0.13 from L = 3 on.
constexpr double kHighMinimum = 0.15;

// Stale teachers: a step that moves a teacher by this many nats changes what the modules are told by as much as several
// epochs of ordinary training do; and D(y, p_L) is this much above its lowest, relative and in nats.
constexpr double kStale = 0.1, kRise = 1.25, kRiseNats = 0.1;

// Conflict: |sum| / sum of norms below this part of 1 / sqrt(L), which unrelated directions give, while D(y, p_L) is above
// this part of the uniform belief's.
constexpr double kCancelled = 0.5, kMuchLeft = 0.25;

// Saturated: the mean entropy is below this part of log C.
constexpr double kCertain = 0.01;

double LastDivergence(const ProbeRecord& record) { return record.theory.divergence.back(); }
double FirstDivergence(const ProbeRecord& record) { return record.theory.divergence.front(); }

}  // namespace

Diagnostics::Diagnostics(const ProbeOptions& options, int64_t classes)
    : local_losses_(options.local_losses),
      extractor_gradient_(options.extractor_gradient),
      classes_(classes),
      first_alpha_(options.alphas.front()),
      last_alpha_(options.alphas.back()),
      attainable_(AttainableDivergence(options.divergence, options.alphas, classes, options.smoothing).back()),
      lowest_(std::numeric_limits<double>::infinity()) {}

std::vector<Diagnosis> Diagnostics::Look(const ProbeRecord& record) {
  window_.push_back(record);
  if (window_.size() > kWindow) window_.pop_front();
  std::vector<Diagnosis> diagnoses;
  const auto tell = [&](Failure failure, const std::string& text) {
    if (!text.empty() && told_.insert(failure).second) diagnoses.push_back({failure, text});
  };
  if (local_losses_) {
    tell(Failure::kPlateau, Plateau());
    tell(Failure::kStaleTeachers, StaleTeachers());
    tell(Failure::kConflict, Conflicting());
    tell(Failure::kDeadModule, DeadModule());
    tell(Failure::kSaturatedModule, SaturatedModule());
  }
  lowest_ = std::min(lowest_, LastDivergence(record));
  return diagnoses;
}

std::string Diagnostics::Plateau() const {
  if (window_.size() < kWindow) return "";
  double fallen = 0;
  for (size_t k = 0; k < kWindow; ++k) fallen += (k < kWindow / 2 ? 2.0 : -2.0) / kWindow * LastDivergence(window_[k]);
  const double start = FirstDivergence(window_.back()), now = LastDivergence(window_.back());
  if (fallen > kStill * now) return "";
  const bool most_gone = now <= attainable_ + kWayLeft * (start - attainable_);
  if (!most_gone || attainable_ < kAlphasPart * now || attainable_ < kHighMinimum) return "";
  return absl::StrFormat(
      "plateau: since step %d the last belief is %.2f nats from the target (the uniform one %.2f), and with alpha %.3g "
      "no better than %.2f can be reached at this depth: the modules are held to their teachers; raise alpha",
      window_.front().step, now, start, last_alpha_, attainable_);
}

std::string Diagnostics::StaleTeachers() const {
  const ProbeRecord& record = window_.back();
  const auto worst = std::max_element(record.staleness.begin(), record.staleness.end());
  const double now = LastDivergence(record);
  const bool stale = *worst >= kStale, risen = now >= kRise * lowest_ && now >= lowest_ + kRiseNats;
  if (!stale || !risen) return "";
  return absl::StrFormat(
      "stale teachers: step %d moved the teacher of module %d by %.2f nats, and the last belief is %.2f nats from the "
      "target after %.2f: lower the learning rate, or alpha (now %.3g)",
      record.step, worst - record.staleness.begin() + 1, *worst, now, lowest_, first_alpha_);
}

std::string Diagnostics::Conflicting() const {
  if (window_.size() < kWindow || extractor_gradient_ == ExtractorGradient::kNone) return "";
  const auto depth = static_cast<double>(window_.back().conflict.norm.size());
  const double unrelated = 1 / std::sqrt(depth);
  const bool conflicting = depth > 1 && std::all_of(window_.begin(), window_.end(), [&](const ProbeRecord& record) {
                             return record.conflict.agreement < kCancelled * unrelated &&
                                    LastDivergence(record) > kMuchLeft * FirstDivergence(record);
                           });
  if (!conflicting) return "";
  const Conflict& conflict = window_.back().conflict;
  return absl::StrFormat(
      "conflict: since step %d the modules' gradients by the features cancel: their sum is %.0f %% of their lengths "
      "(unrelated ones %.0f %%), the lowest cosine is %.2f: %s",
      window_.front().step, 100 * conflict.agreement, 100 * unrelated, conflict.lowest_cosine,
      extractor_gradient_ == ExtractorGradient::kPcgrad
          ? "pcgrad takes that out already; try alphas that are more alike, or fewer modules"
          : "try --extractor_gradient=pcgrad, or alphas that are more alike");
}

std::string Diagnostics::DeadModule() const {
  const std::vector<double>& active = window_.back().active;
  const auto dead = std::find(active.begin(), active.end(), 0.0);
  if (dead == active.end()) return "";
  return absl::StrFormat(
      "dead module: no image activates any hidden unit of module %d at step %d, so its belief is the same for all, and "
      "%d of %d modules are so: lower the learning rate, or start from another initialisation",
      dead - active.begin() + 1, window_.back().step, std::count(active.begin(), active.end(), 0.0), active.size());
}

std::string Diagnostics::SaturatedModule() const {
  const QuantitySummary& theory = window_.back().theory;
  const double certain = kCertain * std::log(static_cast<double>(classes_));
  for (size_t i = 1; i < theory.entropy.size(); ++i) {
    if (theory.entropy[i] > certain || theory.divergence[i] <= theory.divergence.front()) continue;
    return absl::StrFormat(
        "saturated module: module %d is certain (entropy %.2g nats) and wrong at step %d: %.2f nats from the target, "
        "where knowing nothing is %.2f: lower the learning rate, or smooth the target",
        i, theory.entropy[i], window_.back().step, theory.divergence[i], theory.divergence.front());
  }
  return "";
}

}  // namespace sid
