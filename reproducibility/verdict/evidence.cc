#include "reproducibility/verdict/evidence.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/status.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// The runs of one setting, by seed.
struct Group {
  json settings;  // without the seed
  std::map<uint64_t, const FinishedRun*> runs;

  double Validation(const std::set<uint64_t>& seeds) const {
    double sum = 0;
    for (const uint64_t seed : seeds) sum += ValidationAccuracy(runs.at(seed)->result);
    return sum;
  }
};
using ByRate = std::map<double, Group>;

// By what the settings are but for seed and learning rate.
std::map<std::string, ByRate> Matching(const json& filter, const std::vector<FinishedRun>& runs) {
  std::map<std::string, ByRate> groups;
  for (const FinishedRun& run : runs) {
    json settings = run.result.at("settings");
    if (!Fits(run.result.at("settings"), filter)) continue;
    const auto seed = settings.at("seed").get<uint64_t>();
    const auto rate = settings.at("lr").get<double>();
    settings.erase("seed");
    json rest = settings;
    rest.erase("lr");
    Group& group = groups[rest.dump()][rate];
    group.settings = settings;
    group.runs[seed] = &run;
  }
  return groups;
}

// Tuned on the first seed, all have that one, and the best one the others too: where they share none, the one with most.
ByRate::const_iterator Best(const ByRate& groups) {
  std::set<uint64_t> shared;
  for (const auto& [seed, run] : groups.begin()->second.runs) {
    const uint64_t wanted = seed;
    const auto has = [wanted](const auto& group) { return group.second.runs.count(wanted) > 0; };
    if (std::all_of(groups.begin(), groups.end(), has)) shared.insert(seed);
  }
  const auto worth = [&](const Group& group) { return std::pair(group.Validation(shared), group.runs.size()); };
  return std::max_element(groups.begin(), groups.end(),
                          [&](const auto& a, const auto& b) { return worth(a.second) < worth(b.second); });
}

// What is missing to the rule's needs, a sentence each.
void AddShortfalls(const Needs& needs, const Group& group, size_t learning_rates, std::set<std::string>* shortfalls) {
  const auto dataset = group.settings.at("dataset").get<std::string>();
  const bool right = std::count(needs.datasets.begin(), needs.datasets.end(), dataset) > 0;
  if (!needs.datasets.empty() && !right) {
    shortfalls->insert(absl::StrCat("data set ", dataset, " instead of ", absl::StrJoin(needs.datasets, ", ")));
  }
  const auto epochs = group.settings.at("epochs").get<int64_t>();
  if (epochs < needs.epochs) shortfalls->insert(absl::StrCat("epochs: ", epochs, " of ", needs.epochs));
  const auto images = group.settings.at("train_images").get<int64_t>();
  if (needs.all_images && images > 0) shortfalls->insert(absl::StrCat(images, " training images instead of all"));
  const bool noisy = group.settings.value("label_noise", 0.0) > 0;
  if (needs.noisy_validation && noisy && !group.settings.value("noisy_validation", false)) {
    shortfalls->insert("rate and epoch were chosen by clean labels");
  }
  if (static_cast<int64_t>(learning_rates) < needs.learning_rates) {
    shortfalls->insert(absl::StrCat("learning rates to choose from: ", learning_rates, " of ", needs.learning_rates));
  }
}

struct ChosenTerm {
  double times = 0;
  Group group;
};

Shares SharesOf(const std::vector<ChosenTerm>& terms) {
  Shares shares;
  for (const ChosenTerm& term : terms) shares[term.group.settings.dump()] += term.times;
  std::erase_if(shares, [](const auto& share) { return share.second == 0; });
  return shares;
}

// "dataset cifar10, learner sid"
std::string InWords(const json& filter) {
  return absl::StrReplaceAll(filter.dump(), {{"{", ""}, {"}", ""}, {"\"", ""}, {":", " "}, {",", ", "}});
}

absl::StatusOr<std::vector<ChosenTerm>> ChooseTerms(const Rule& rule, const Contrast& contrast,
                                                    const Evidence& evidence, Looked* looked) {
  std::vector<ChosenTerm> terms;
  for (const Term& term : contrast.terms) {
    const json filter = FilterOf(rule, term, evidence.stand_in);
    const std::map<std::string, ByRate> settings = Matching(filter, evidence.runs);
    if (settings.empty()) return absl::NotFoundError(absl::StrCat("there are no runs with ", InWords(filter)));
    if (settings.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat("claims.json: ", contrast.label, ": the filter ", filter.dump(),
                                                     " fits settings that differ in more than the learning rate"));
    }
    const ByRate& rates = settings.begin()->second;
    const auto best = Best(rates);
    AddShortfalls(rule.needs, best->second, rates.size(), &looked->shortfalls);
    if (rates.size() > 1) {
      // A better one may lie beyond the first or the last.
      const bool edge = best == rates.begin() || std::next(best) == rates.end();
      looked->chosen.insert(absl::StrFormat("%s: lr %g of %d%s", InWords(filter), best->first, rates.size(),
                                            edge ? ", at the edge of these" : ""));
    }
    terms.push_back({term.times, best->second});
  }
  return terms;
}

// Of one seed, a number for each of the quantity's list; empty where a term has no run with such numbers.
absl::StatusOr<std::vector<double>> SumOf(const Rule& rule, const std::vector<ChosenTerm>& terms, uint64_t seed,
                                          std::set<std::string>* files) {
  std::vector<double> sum;
  for (const ChosenTerm& term : terms) {
    const auto run = term.group.runs.find(seed);
    if (run == term.group.runs.end()) return std::vector<double>();
    SID_ASSIGN_OR_RETURN(const std::vector<double> values, QuantityOf(rule.quantity, run->second->result));
    files->insert(run->second->name);
    const bool finite = std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
    if (values.empty() || !finite || (!sum.empty() && sum.size() != values.size())) return std::vector<double>();
    sum.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) sum[i] += term.times * values[i];
  }
  return sum;
}

absl::Status AddUp(const Rule& rule, const std::vector<ChosenTerm>& terms, std::set<std::string>* files,
                   ContrastValues* values) {
  for (const auto& [seed, first] : terms.front().group.runs) {
    SID_ASSIGN_OR_RETURN(const std::vector<double> sum, SumOf(rule, terms, seed, files));
    if (sum.empty() || (!values->values.empty() && values->values.size() != sum.size())) continue;
    values->values.resize(sum.size());
    values->seeds.push_back(seed);
    for (size_t i = 0; i < sum.size(); ++i) values->values[i].push_back(sum[i]);
  }
  values->names = NamesOf(rule.quantity, values->values.size());
  return absl::OkStatus();
}

}  // namespace

bool Fits(const ordered_json& settings, const json& filter) {
  return std::all_of(filter.items().begin(), filter.items().end(),
                     [&](const auto& item) { return SettingOf(settings, item.key()) == ordered_json(item.value()); });
}

json FilterOf(const Rule& rule, const Term& term, const std::string& stand_in) {
  json filter = rule.where;
  filter.update(term.filter);
  if (!stand_in.empty() && filter.contains("dataset")) filter["dataset"] = stand_in;
  return filter;
}

absl::StatusOr<ContrastValues> Evaluate(const Rule& rule, const Contrast& contrast, const Evidence& evidence,
                                        Looked* looked) {
  Looked own;
  SID_ASSIGN_OR_RETURN(const std::vector<ChosenTerm> terms, ChooseTerms(rule, contrast, evidence, &own));
  ContrastValues values{.shares = SharesOf(terms)};
  if (values.shares.empty()) {
    return absl::NotFoundError(
        absl::StrCat("one data set, ", evidence.stand_in, ", stands for all that this compares"));
  }
  SID_RETURN_IF_ERROR(AddUp(rule, terms, &own.runs, &values));
  if (values.seeds.empty()) return absl::NotFoundError("no seed has all the runs that this compares, or they failed");
  for (auto member : {&Looked::chosen, &Looked::shortfalls, &Looked::runs}) (looked->*member).merge(own.*member);
  return values;
}

}  // namespace sid
