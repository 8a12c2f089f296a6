#include "reproducibility/verdict/bench_evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "base/text.h"
#include "bench/results/read.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

std::string LabelOf(const ordered_json& contender) { return contender.at("label").get<std::string>(); }

std::map<std::string, const ordered_json*> ContendersByLabel(const ordered_json& bench) {
  std::map<std::string, const ordered_json*> contenders;
  for (const ordered_json& contender : bench.at("contenders")) contenders[LabelOf(contender)] = &contender;
  return contenders;
}

bool Trusted(const ordered_json& contender) {
  return contender.at("trusted").get<bool>() && contender.at("stationary").get<bool>();
}

bool SameProblem(const ordered_json& a, const ordered_json& b) {
  return a.at("depth") == b.at("depth") && a.at("batch") == b.at("batch") && a.at("precision") == b.at("precision") &&
         a.value("captured", false) == b.value("captured", false);
}

Ratio WithoutInterval(const std::string& label, double value, bool trusted) {
  return {label, value, {value, value}, 0, trusted};
}

// A whole step by its critical path, on as many devices as it is modelled for.
std::vector<Ratio> CriticalPaths(const Rule&, const ordered_json& bench) {
  std::vector<Ratio> ratios;
  const auto contenders = ContendersByLabel(bench);
  for (const ordered_json& modelled : bench.at("modelled_speedups")) {
    const ordered_json path = modelled.value("critical_path", ordered_json::array());
    if (path.empty()) continue;
    const std::string label = LabelOf(modelled);
    ratios.push_back(WithoutInterval(absl::StrCat(label, " on ", path.back().at("devices").get<int64_t>(), " devices"),
                                     path.back().at("speedup").get<double>(), Trusted(*contenders.at(label))));
  }
  return ratios;
}

bool IsOver(const Rule& rule, const ordered_json& contender) {
  const std::vector<std::string> learners = absl::StrSplit(rule.over, ',');
  return std::count(learners.begin(), learners.end(), contender.at("learner").get<std::string>()) > 0;
}

// Times as fast as `over`, which may be the pair's first or second: results hold each pair once.
Ratio SpeedupOver(const std::string& over, const ordered_json& measured) {
  const auto first = measured.at("of").get<std::string>(), second = measured.at("over").get<std::string>();
  const ordered_json& ratio = measured.at("ratio");
  const auto value = ratio.at("median").get<double>();
  const Interval interval{ratio.at("low").get<double>(), ratio.at("high").get<double>()};
  const auto samples = ratio.value("samples", int64_t{0});
  if (second == over) return {absl::StrCat(first, " over ", second), value, interval, samples};
  return {absl::StrCat(second, " over ", first), 1 / value, {1 / interval.high, 1 / interval.low}, samples};
}

// Of SID's executors the fastest, as a user would choose it.
std::vector<Ratio> MeasuredSpeedups(const Rule& rule, const ordered_json& bench) {
  std::vector<Ratio> ratios;
  const auto contenders = ContendersByLabel(bench);
  for (const ordered_json& over : bench.at("contenders")) {
    if (!IsOver(rule, over)) continue;
    std::optional<Ratio> fastest;
    for (const ordered_json& measured : bench.at("measured_speedups")) {
      const bool is_second = measured.at("over") == over.at("label");
      if (!is_second && measured.at("of") != over.at("label")) continue;
      const ordered_json& one = *contenders.at(measured.at(is_second ? "of" : "over").get<std::string>());
      if (one.at("learner") != "sid" || !SameProblem(one, over)) continue;
      Ratio ratio = SpeedupOver(LabelOf(over), measured);
      ratio.trusted = measured.at("trusted").get<bool>() && Trusted(one) && Trusted(over);
      if (!fastest || ratio.value > fastest->value) fastest = ratio;
    }
    if (fastest) ratios.push_back(*fastest);
  }
  return ratios;
}

// Of SID's executors the fastest, whose speed is what R2 judges: the leanest may be another one.
std::vector<Ratio> MemoryRatios(const Rule& rule, const ordered_json& bench) {
  std::vector<Ratio> ratios;
  for (const ordered_json& over : bench.at("contenders")) {
    if (!IsOver(rule, over)) continue;
    const ordered_json* fastest = nullptr;
    for (const ordered_json& one : bench.at("contenders")) {
      if (one.at("learner") != "sid" || !SameProblem(one, over)) continue;
      const auto seconds = ordered_json::json_pointer("/step_seconds/median");
      if (fastest == nullptr || one.at(seconds) < fastest->at(seconds)) fastest = &one;
    }
    if (fastest == nullptr || over.at("above_bytes") <= 0) continue;
    const double value = fastest->at("above_bytes").get<double>() / over.at("above_bytes").get<double>();
    ratios.push_back(WithoutInterval(absl::StrCat(LabelOf(*fastest), " over ", LabelOf(over)), value, true));
  }
  return ratios;
}

// Of modules that share an extractor.
std::vector<Ratio> ExtractorShares(const Rule&, const ordered_json& bench) {
  std::vector<Ratio> ratios;
  for (const ordered_json& contender : bench.at("contenders")) {
    if (contender.value("partition", "shared") != "shared") continue;
    const double step = PhaseSeconds(contender, "step"), backward = PhaseSeconds(contender, "extractor backward");
    if (contender.at("learner") != "sid" || step <= 0 || backward <= 0) continue;
    ratios.push_back(WithoutInterval(LabelOf(contender), backward / step, Trusted(contender)));
  }
  return ratios;
}

// Of pipelines whose stages have processors of their own, threads of a CPU: the slowest stage's time alone, as a part of the measured step.
std::vector<Ratio> PipelinePredictions(const Rule&, const ordered_json& bench) {
  std::vector<Ratio> ratios;
  const auto contenders = ContendersByLabel(bench);
  for (const ordered_json& one : bench.value("modelled_pipelines", ordered_json::array())) {
    const ordered_json &pipeline = *contenders.at(LabelOf(one)), &step = one.at("step_seconds");
    const auto workers = pipeline.at("depth").get<int64_t>(), threads = pipeline.value("threads", int64_t{0});
    const bool shares = workers * std::max<int64_t>(1, threads) > bench.at("environment").value("cores", workers);
    if (shares || pipeline.value("captured", false)) continue;
    const auto predicted = one.at("predicted_seconds").get<double>();
    ratios.push_back({LabelOf(one),
                      predicted / step.at("median").get<double>(),
                      {predicted / step.at("high").get<double>(), predicted / step.at("low").get<double>()},
                      step.value("samples", int64_t{0}),
                      Trusted(pipeline) && Trusted(*contenders.at(one.at("stages_of").get<std::string>()))});
  }
  return ratios;
}

using Ratios = std::vector<Ratio> (*)(const Rule& rule, const ordered_json& bench);

constexpr std::pair<const char*, Ratios> kRatios[] = {{"critical_path_speedup", CriticalPaths},
                                                      {"extractor_backward_share", ExtractorShares},
                                                      {"measured_speedup", MeasuredSpeedups},
                                                      {"memory_ratio", MemoryRatios},
                                                      {"pipeline_prediction", PipelinePredictions}};

bool Holds(const Bound& bound, const Ratio& ratio) {
  return ratio.trusted && (bound.above ? ratio.interval.low > bound.value : ratio.interval.high < bound.value);
}

// As far on the wrong side by chance, if it lay on the bound; for a figure without samples 0 or 1.
double PAgainst(const Bound& bound, const Ratio& ratio) {
  if (!ratio.trusted) return 1;
  const auto [low, high] = ratio.interval;
  if (ratio.samples < 2 || low == high) return (bound.above ? high <= bound.value : low >= bound.value) ? 0 : 1;
  const double mean = (std::log(low) + std::log(high)) / 2, margin = (std::log(high) - std::log(low)) / 2;
  const double error = margin / StudentQuantile(1 - kLevel, ratio.samples - 1);
  const double beyond = (bound.above ? 1 : -1) * (mean - std::log(bound.value));
  return StudentCdf(beyond / error, ratio.samples - 1);
}

}  // namespace

absl::StatusOr<std::vector<Ratio>> RatiosOf(const Rule& rule, const ordered_json& bench) {
  std::vector<std::string> names;
  for (const auto& [name, function] : kRatios) names.emplace_back(name);
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("benchmark quantity", rule.quantity, names));
  // The cascade alone, on made-up features, is no step, and what it gains or saves is a part of nothing but itself.
  if (bench.at("settings").at("extractor").get<bool>() == rule.cascade) return std::vector<Ratio>();
  return kRatios[index].second(rule, bench);
}

Finding JudgeRatios(const Rule& rule, const std::vector<Ratio>& ratios) {
  if (ratios.empty()) return {Verdict::kNotRun, "the benchmark did not measure it"};
  std::vector<std::string> held, broken, open;
  std::vector<double> against;
  for (const Ratio& ratio : ratios) against.push_back(PAgainst(rule.bound, ratio));
  if (!rule.some) against = Holm(against);
  for (size_t i = 0; i < ratios.size(); ++i) {
    (Holds(rule.bound, ratios[i]) ? held : against[i] <= kLevel ? broken : open).push_back(ratios[i].label);
  }
  const auto finding = [](Verdict verdict, const std::string& what, const std::vector<std::string>& labels) {
    return Finding{verdict, absl::StrCat(what, ": ", absl::StrJoin(labels, "; "))};
  };
  if (rule.some && !held.empty()) return finding(Verdict::kPass, "beyond the bound", held);
  if (rule.some ? open.empty() : !broken.empty())
    return finding(Verdict::kFail, "on the wrong side of the bound", broken);
  if (!open.empty()) return finding(Verdict::kInconclusive, "noisy timing, or the interval straddles the bound", open);
  return {Verdict::kPass, "every ratio lies on the claim's side of the bound"};
}

}  // namespace sid
