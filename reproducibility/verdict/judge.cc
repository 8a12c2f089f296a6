#include "reproducibility/verdict/judge.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

using nlohmann::ordered_json;

// Results say under which rules they were made. One that was made before this rule shows that the rule came after it. "" for this rule.
std::string ChangedRule(const Claim& claim, const FinishedRun& run) {
  const ordered_json rules = run.result.value("rules", ordered_json::object());
  if (!rules.contains(claim.id)) return absl::StrCat(run.name, ": made before this rule");
  const auto rule = rules.at(claim.id).get<std::string>();
  return rule == claim.hash ? "" : absl::StrCat(run.name, ": made under the rule ", rule.substr(0, 12));
}

std::string Origin(const std::string& commit, const ordered_json& machine) {
  return absl::StrFormat("commit %s, %s, %d of %d cores, %s", commit, machine.value("processor", "unknown processor"),
                         machine.value("threads", 0), machine.value("cores", 0),
                         machine.value("device", "unknown device"));
}

// Runs of several commits and machines, or of other rules, are judged together; whoever reads the verdict is to see which.
void AddOrigins(const Claim& claim, const std::vector<FinishedRun>& runs, Judgement* judgement) {
  std::map<std::string, int64_t> counts;
  for (const FinishedRun& run : runs) {
    if (judgement->runs.count(run.name) == 0) continue;
    const std::string changed = ChangedRule(claim, run);
    if (!changed.empty()) judgement->changed_rules.push_back(changed);
    ++counts[Origin(run.result.value("commit", "unknown"), run.result.value("machine", ordered_json::object()))];
  }
  for (const auto& [origin, count] : counts) {
    judgement->origins.push_back(absl::StrCat(count, count == 1 ? " run: " : " runs: ", origin));
  }
}

// Doubts turn PASS and FAIL into INCONCLUSIVE; the reason keeps what the numbers alone said.
void Doubt(const std::string& why, Judgement* judgement) {
  if (judgement->verdict == Verdict::kNotRun) return;
  const bool decided = judgement->verdict != Verdict::kInconclusive;
  if (decided) judgement->leans = judgement->verdict;
  judgement->reason = absl::StrCat(
      why, decided ? absl::StrCat("; on these runs alone: ", Name(judgement->verdict), ", ") : "; ", judgement->reason);
  judgement->verdict = Verdict::kInconclusive;
}

void ApplyDoubts(Judgement* judgement) {
  // What is missing might refute a claim that holds so far; what is refuted stays so.
  if (!judgement->not_compared.empty() && judgement->verdict != Verdict::kFail) {
    Doubt(absl::StrCat("not compared: ", absl::StrJoin(judgement->not_compared, "; ")), judgement);
  }
  if (!judgement->shortfalls.empty()) {
    Doubt(absl::StrCat("these runs cannot decide it (", absl::StrJoin(judgement->shortfalls, "; "), ")"), judgement);
  }
  if (!judgement->changed_rules.empty()) {
    Doubt(absl::StrCat("the rule is not the one that ", judgement->changed_rules.size(),
                       " of the results were made under"),
          judgement);
  }
}

// The contrasts' values, or why there are none, and how many tests are missing for that.
absl::StatusOr<size_t> CompareAll(const Claim& claim, const Evidence& evidence, std::vector<Shares>* shares,
                                  Judgement* judgement) {
  std::set<std::pair<Shares, std::pair<bool, double>>> known;
  size_t missing = 0;
  for (const Contrast& contrast : claim.rule->contrasts) {
    const absl::StatusOr<ContrastValues> evaluated = Evaluate(*claim.rule, contrast, evidence, judgement);
    if (absl::IsNotFound(evaluated.status())) {
      missing += TestsOf(*claim.rule, contrast);
      judgement->not_compared.push_back(absl::StrCat(contrast.label, ": ", evaluated.status().message()));
      continue;
    }
    SID_ASSIGN_OR_RETURN(const ContrastValues values, evaluated);
    // A stand-in data set makes two contrasts one.
    if (!known.insert({values.shares, {contrast.bound.above, contrast.bound.value}}).second) continue;
    const std::string on = evidence.stand_in.empty() ? "" : absl::StrCat(" [on ", evidence.stand_in, "]");
    for (size_t i = 0; i < values.values.size(); ++i) {
      shares->push_back(values.shares);
      judgement->comparisons.push_back(
          Compare(absl::StrCat(contrast.label, values.names[i], on), contrast.bound, values.seeds, values.values[i]));
    }
  }
  AddOrigins(claim, evidence.runs, judgement);
  return missing;
}

absl::Status JudgeContrasts(const Claim& claim, const Evidence& evidence, Judgement* judgement) {
  std::vector<Shares> shares;
  SID_ASSIGN_OR_RETURN(const size_t missing, CompareAll(claim, evidence, &shares, judgement));
  if (judgement->comparisons.empty()) {
    judgement->reason = absl::StrJoin(judgement->not_compared, "; ");
    return absl::OkStatus();
  }
  if (claim.rule->pooled) Pool(shares, &judgement->comparisons);
  Correct(missing, &judgement->comparisons);
  Finding& finding = *judgement;
  finding = Decide(judgement->comparisons, claim.seeds);
  if (finding.verdict == Verdict::kInconclusive) finding.leans = LeansTo(judgement->comparisons, missing == 0);
  return absl::OkStatus();
}

std::string DeviceOf(const ordered_json& environment) {
  if (environment.contains("gpu")) return environment.at("gpu").value("name", "unknown GPU");
  const std::string device = environment.value("device", "unknown device");
  return device == "cpu" ? absl::StrCat(environment.value("cores", 0), " CPU cores") : device;
}

// What all benchmarks of one device say. Where one was made under another rule, they decide nothing together.
struct Measured {
  std::vector<Ratio> ratios;
  std::string changed_rule;  // of the first such one
};

Finding JudgeDevice(const Claim& claim, const Measured& measured) {
  Finding device = JudgeRatios(*claim.rule, measured.ratios);
  if (measured.changed_rule.empty()) return device;
  device.leans = std::exchange(device.verdict, Verdict::kInconclusive);
  device.reason = absl::StrCat(measured.changed_rule, "; alone: ", Name(device.leans), ", ", device.reason);
  return device;
}

// What one of several refutes is refuted; else they must agree.
Verdict Together(const std::set<Verdict>& verdicts) {
  if (verdicts.count(Verdict::kFail) > 0) return Verdict::kFail;
  return verdicts.size() == 1 ? *verdicts.begin() : Verdict::kInconclusive;
}

// A device without the quantity is none.
absl::Status JudgeBench(const Claim& claim, const AllEvidence& evidence, Judgement* judgement) {
  std::map<std::string, Measured> devices;
  for (const auto& [file, bench] : evidence.benches) {
    SID_ASSIGN_OR_RETURN(std::vector<Ratio> ratios, RatiosOf(*claim.rule, bench));
    if (ratios.empty()) continue;
    const ordered_json environment = bench.value("environment", ordered_json::object());
    const std::string name = DeviceOf(environment);
    Measured& of_device = devices[name];
    for (Ratio& ratio : ratios) ratio.device = name;
    for (std::vector<Ratio>* all : {&of_device.ratios, &judgement->ratios})
      all->insert(all->end(), ratios.begin(), ratios.end());
    if (of_device.changed_rule.empty()) of_device.changed_rule = ChangedRule(claim, {file, bench});
    judgement->origins.push_back("benchmark: " + Origin(environment.value("commit", "unknown"), environment));
  }
  std::vector<std::string> reasons;
  std::set<Verdict> verdicts, alone;
  for (const auto& [name, measured] : devices) {
    const Finding& device = judgement->devices[name] = JudgeDevice(claim, measured);
    verdicts.insert(device.verdict);
    alone.insert(device.verdict == Verdict::kInconclusive ? device.leans : device.verdict);
    reasons.push_back(absl::StrCat(name, ": ", Name(device.verdict), ", ", device.reason));
  }
  if (reasons.empty()) {
    judgement->reason = "no benchmark measured it: --bench=FILE, the results.json of //:bench";
    return absl::OkStatus();
  }
  judgement->reason = absl::StrJoin(reasons, "; ");
  judgement->verdict = Together(verdicts);
  if (judgement->verdict == Verdict::kInconclusive) judgement->leans = Together(alone);
  return absl::OkStatus();
}

absl::Status JudgeExperiment(const Claim& claim, const AllEvidence& evidence, Judgement* judgement) {
  const auto not_run = evidence.not_run.find(claim.experiment);
  const auto found = evidence.experiments.find(claim.experiment);
  if (found == evidence.experiments.end() || found->second.runs.empty()) {
    judgement->reason = not_run == evidence.not_run.end() ? "its experiment was not asked for" : not_run->second;
    return absl::OkStatus();
  }
  return JudgeContrasts(claim, found->second, judgement);
}

std::string LeanName(Verdict leans) { return leans == Verdict::kInconclusive ? "" : Name(leans); }

ordered_json ToJson(const Interval& interval) { return {NumberOrNull(interval.low), NumberOrNull(interval.high)}; }

ordered_json ToJson(const Comparison& comparison) {
  return {{"label", comparison.label},
          {comparison.bound.above ? "above" : "below", comparison.bound.value},
          {comparison.bound.above ? "fail_below" : "fail_above", comparison.bound.Fail()},
          {"seeds", comparison.seeds},
          {"values", comparison.values},
          {"mean", NumberOrNull(comparison.mean)},
          {"deviation", NumberOrNull(comparison.deviation)},
          {"t_interval", ToJson(comparison.t)},
          {"degrees", comparison.degrees},
          {"p", NumberOrNull(comparison.p)},
          {"p_against", NumberOrNull(comparison.p_against)},
          {"p_against_holm", NumberOrNull(comparison.p_against_holm)}};
}

}  // namespace

absl::StatusOr<Judgement> Judge(const Claim& claim, const AllEvidence& evidence) {
  Judgement judgement;
  if (!claim.rule) {
    const bool holds = !claim.by_construction.empty();
    judgement.verdict = holds ? Verdict::kByConstruction : Verdict::kNotRun;
    judgement.reason = holds                    ? claim.by_construction
                       : !claim.not_run.empty() ? claim.not_run
                                                : absl::StrCat("answered by ", absl::StrJoin(claim.answered_by, ", "));
    return judgement;
  }
  if (claim.rule->IsOfBench()) {
    SID_RETURN_IF_ERROR(JudgeBench(claim, evidence, &judgement));
  } else {
    SID_RETURN_IF_ERROR(JudgeExperiment(claim, evidence, &judgement));
  }
  ApplyDoubts(&judgement);
  return judgement;
}

ordered_json ToJson(const Judgement& judgement) {
  ordered_json json = {{"verdict", Name(judgement.verdict)},
                       {"leans", LeanName(judgement.leans)},
                       {"devices", ordered_json::object()},
                       {"reason", judgement.reason},
                       {"shortfalls", judgement.shortfalls},
                       {"changed_rules", judgement.changed_rules},
                       {"origins", judgement.origins},
                       {"runs", judgement.runs},
                       {"chosen", judgement.chosen},
                       {"comparisons", ordered_json::array()},
                       {"not_compared", judgement.not_compared},
                       {"ratios", ordered_json::array()}};
  for (const auto& [name, of] : judgement.devices)
    json["devices"][name] = {{"verdict", Name(of.verdict)}, {"leans", LeanName(of.leans)}, {"reason", of.reason}};
  for (const Comparison& comparison : judgement.comparisons) json["comparisons"].push_back(ToJson(comparison));
  for (const Ratio& ratio : judgement.ratios) {
    json["ratios"].push_back({{"label", ratio.label},
                              {"value", NumberOrNull(ratio.value)},
                              {"interval", ToJson(ratio.interval)},
                              {"trusted", ratio.trusted},
                              {"device", ratio.device}});
  }
  return json;
}

}  // namespace sid
