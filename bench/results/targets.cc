#include "bench/results/targets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sid {
namespace {

constexpr int64_t kBatch = 128;

enum class Side { kAtLeast, kAtMost };

TargetVerdict Judge(const Interval& interval, double bound, Side side) {
  const bool above = interval.low >= bound, below = interval.high < bound;
  if (!above && !below) return TargetVerdict::kUndecided;
  return above == (side == Side::kAtLeast) ? TargetVerdict::kMet : TargetVerdict::kMissed;
}

// The targets of one precision.
class Judgement {
 public:
  Judgement(const Results& results, std::string precision) : results_(results), precision_(std::move(precision)) {}

  void FasterThanBackpropagation(int64_t depth, bool captured_baseline, double bound) {
    const ContenderResult* of = Find("sid", depth, true);
    const ContenderResult* over = Find("bp-chain", depth, captured_baseline);
    TargetResult& target = Add(of, over, absl::StrCat("L=", depth, captured_baseline ? "" : ", over plain steps"),
                               absl::StrCat("at least ", bound, " times faster"), bound);
    if (of == nullptr || over == nullptr) return;
    for (const MeasuredSpeedup& measured : results_.measured) {
      const bool same = measured.of == Label(of->contender) && measured.over == Label(over->contender);
      const bool inverse = measured.over == Label(of->contender) && measured.of == Label(over->contender);
      if ((!same && !inverse) || !measured.trusted) continue;
      const Summary& ratio = measured.ratio;
      target.ratio = same ? ratio.median : 1 / ratio.median;
      target.interval = same ? ratio.interval : Interval{1 / ratio.interval.high, 1 / ratio.interval.low};
      target.verdict = Judge(target.interval, bound, Side::kAtLeast);
    }
  }

  void HardlySlowerWhenDeep(int64_t deep, int64_t shallow, double bound) {
    const ContenderResult *of = Find("sid", deep, true), *over = Find("sid", shallow, true);
    TargetResult& target = Add(of, over, absl::StrCat("step at L=", deep, " / at L=", shallow),
                               absl::StrCat("at most ", bound, " times as long"), bound);
    if (of == nullptr || over == nullptr || !of->trusted || !over->trusted) return;
    target.ratio = of->step.median / over->step.median;
    target.interval = {of->step.interval.low / over->step.interval.high,
                       of->step.interval.high / over->step.interval.low};
    target.verdict = Judge(target.interval, bound, Side::kAtMost);
  }

  std::vector<TargetResult> Take() { return std::move(targets_); }

 private:
  // The fastest of the learner's; null where there is none.
  const ContenderResult* Find(const std::string& learner, int64_t depth, bool captured) const {
    const ContenderResult* fastest = nullptr;
    for (const ContenderResult& result : results_.contenders) {
      const Contender& contender = result.contender;
      if (contender.learner != learner || contender.depth != depth || contender.captured != captured) continue;
      if (contender.precision != precision_ || contender.batch != kBatch) continue;
      if (fastest == nullptr || result.step.median < fastest->step.median) fastest = &result;
    }
    return fastest;
  }

  TargetResult& Add(const ContenderResult* of, const ContenderResult* over, const std::string& unnamed,
                    const std::string& wanted, double bound) {
    const std::string sides = of == nullptr || over == nullptr
                                  ? absl::StrCat(precision_, ", ", unnamed)
                                  : absl::StrCat(Label(of->contender), " over ", Label(over->contender));
    targets_.push_back({.what = absl::StrCat(sides, ": ", wanted), .bound = bound});
    return targets_.back();
  }

  const Results& results_;
  std::string precision_;
  std::vector<TargetResult> targets_;
};

}  // namespace

std::vector<TargetResult> JudgeTargets(const Results& results) {
  std::vector<std::string> precisions;
  for (const ContenderResult& result : results.contenders) {
    const std::string& precision = result.contender.precision;
    if (std::find(precisions.begin(), precisions.end(), precision) == precisions.end()) precisions.push_back(precision);
  }
  std::vector<TargetResult> targets;
  for (const std::string& precision : precisions) {
    Judgement judgement(results, precision);
    judgement.FasterThanBackpropagation(8, /*captured_baseline=*/true, 2.4);
    judgement.FasterThanBackpropagation(16, /*captured_baseline=*/true, 2.4);
    judgement.FasterThanBackpropagation(64, /*captured_baseline=*/true, 4);
    judgement.FasterThanBackpropagation(64, /*captured_baseline=*/false, 10);
    judgement.HardlySlowerWhenDeep(64, 4, 1.3);
    for (TargetResult& target : judgement.Take()) targets.push_back(std::move(target));
  }
  return targets;
}

std::string Name(TargetVerdict verdict) {
  switch (verdict) {
    case TargetVerdict::kMet:
      return "met";
    case TargetVerdict::kMissed:
      return "MISSED";
    case TargetVerdict::kUndecided:
      return "undecided";
    case TargetVerdict::kNotMeasured:
      return "not measured";
  }
  return "";
}

}  // namespace sid
