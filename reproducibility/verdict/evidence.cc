#include "reproducibility/verdict/evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/parse_result.h"

namespace sid {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// NaN where one of them is: what is no number is no small rise.
double Larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }

double LargestRise(const ordered_json& divergence) {
  double largest = -INFINITY;
  for (size_t i = 1; i < divergence.size(); ++i) {
    largest = Larger(largest, NumberOf(divergence[i]) - NumberOf(divergence[i - 1]));
  }
  return largest;
}

// Between modules only: the epochs do not hold the divergence of the uniform belief.
double LargestRiseInTraining(const ordered_json& epochs) {
  double largest = -INFINITY;
  for (const ordered_json& epoch : epochs) {
    largest = Larger(largest, LargestRise(epoch.at("validation").at("divergence")));
  }
  return largest;
}

double LargestStaleness(const ordered_json& result) {
  double largest = -INFINITY;
  for (const ordered_json& mean : result.at("staleness").at("mean")) largest = Larger(largest, NumberOf(mean));
  return largest;
}

using Quantity = double (*)(const ordered_json& result);

const std::map<std::string, Quantity>& QuantitiesByName() {
  static const auto* const kQuantities = new std::map<std::string, Quantity>{
      {"accuracy", [](const ordered_json& result) { return result.at("test").at("accuracy").back().get<double>(); }},
      {"bound_excess", [](const ordered_json& result) { return NumberOf(result.at("theory").at("largest_excess")); }},
      {"first_accuracy",
       [](const ordered_json& result) { return result.at("test").at("accuracy").front().get<double>(); }},
      {"largest_rise", [](const ordered_json& result) { return LargestRise(result.at("theory").at("divergence")); }},
      {"largest_rise_in_training",
       [](const ordered_json& result) { return LargestRiseInTraining(result.at("epochs")); }},
      {"staleness", LargestStaleness}};
  return *kQuantities;
}

// A run whose numbers are not finite leaves a network that guesses; left out, it would flatter its learner.
std::optional<double> OfFailed(const std::string& quantity, const ordered_json& result) {
  const bool is_accuracy = quantity == "accuracy" || quantity == "first_accuracy";
  if (!is_accuracy || !result.contains("classes")) return std::nullopt;
  return 1 / result.at("classes").get<double>();
}

// Of the weights that were kept; 0 for a run that failed, which is no choice.
double ValidationAccuracy(const ordered_json& result) {
  if (result.contains("failed")) return 0;
  const ordered_json& epoch = result.at("epochs").at(result.at("best_epoch").get<size_t>() - 1);
  const ordered_json& accuracy = epoch.at("validation").at("accuracy");
  return accuracy.empty() ? 0 : accuracy.back().get<double>();
}

// The runs of one setting, by seed.
struct Group {
  json settings;  // without the seed
  std::map<uint64_t, const FinishedRun*> runs;

  double Validation() const {
    double sum = 0;
    for (const auto& [seed, run] : runs) sum += ValidationAccuracy(run->result);
    return sum / static_cast<double>(runs.size());
  }
  json WithoutLearningRate() const {
    json rest = settings;
    rest.erase("lr");
    return rest;
  }
};

bool Fits(const json& settings, const json& filter) {
  return std::all_of(filter.items().begin(), filter.items().end(), [&](const auto& item) {
    return settings.contains(item.key()) && settings.at(item.key()) == item.value();
  });
}

json FilterOf(const Rule& rule, const Term& term, const Evidence& evidence) {
  json filter = rule.where;
  filter.update(term.filter);
  if (!evidence.stand_in.empty() && filter.contains("dataset")) filter["dataset"] = evidence.stand_in;
  return filter;
}

std::vector<Group> Matching(const json& filter, const std::vector<FinishedRun>& runs) {
  std::map<std::string, Group> groups;
  for (const FinishedRun& run : runs) {
    json settings = run.result.at("settings");
    if (!Fits(settings, filter)) continue;
    const auto seed = settings.at("seed").get<uint64_t>();
    settings.erase("seed");
    Group& group = groups[settings.dump()];
    group.settings = settings;
    group.runs[seed] = &run;
  }
  std::vector<Group> list;
  list.reserve(groups.size());
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

const Group& Best(const std::vector<Group>& groups) {
  return *std::max_element(groups.begin(), groups.end(),
                           [](const Group& a, const Group& b) { return a.Validation() < b.Validation(); });
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
  if (static_cast<int64_t>(learning_rates) < needs.learning_rates) {
    shortfalls->insert(absl::StrCat("learning rates to choose from: ", learning_rates, " of ", needs.learning_rates));
  }
}

struct ChosenTerm {
  double times = 0;
  Group group;
};

std::string Identity(const Contrast& contrast, const std::vector<ChosenTerm>& terms) {
  std::map<std::string, double> sum;
  for (const ChosenTerm& term : terms) sum[term.group.settings.dump()] += term.times;
  std::string identity;
  for (const auto& [settings, times] : sum) {
    if (times != 0) absl::StrAppend(&identity, times, " ", settings, "\n");
  }
  return identity.empty() ? "" : absl::StrCat(identity, contrast.bound.above, " ", contrast.bound.value);
}

bool DifferInLearningRateAlone(const std::vector<Group>& groups) {
  return std::all_of(groups.begin(), groups.end(), [&](const Group& group) {
    return group.WithoutLearningRate() == groups.front().WithoutLearningRate();
  });
}

absl::StatusOr<std::vector<ChosenTerm>> ChooseTerms(const Rule& rule, const Contrast& contrast,
                                                    const Evidence& evidence, ContrastValues* values) {
  std::vector<ChosenTerm> terms;
  std::set<std::string> shortfalls, chosen;
  for (const Term& term : contrast.terms) {
    const json filter = FilterOf(rule, term, evidence);
    const std::vector<Group> groups = Matching(filter, evidence.runs);
    if (groups.empty()) {
      values->problem = absl::StrCat("there are no runs with ", filter.dump());
      return terms;
    }
    if (!DifferInLearningRateAlone(groups)) {
      return absl::InvalidArgumentError(absl::StrCat("claims.json: ", contrast.label, ": the filter ", filter.dump(),
                                                     " fits settings that differ in more than the learning rate"));
    }
    const Group& best = Best(groups);
    AddShortfalls(rule.needs, best, groups.size(), &shortfalls);
    if (groups.size() > 1) {
      chosen.insert(absl::StrFormat("%s: lr %g", filter.dump(), best.settings.at("lr").get<double>()));
    }
    terms.push_back({term.times, best});
  }
  values->shortfalls.assign(shortfalls.begin(), shortfalls.end());
  values->chosen.assign(chosen.begin(), chosen.end());
  return terms;
}

// Seeds of which every term has a run with such a number.
absl::Status AddUp(const Rule& rule, const std::vector<ChosenTerm>& terms, ContrastValues* values) {
  std::set<std::string> files;
  for (const auto& [seed, first] : terms.front().group.runs) {
    double sum = 0;
    bool whole = true;
    for (const ChosenTerm& term : terms) {
      const auto run = term.group.runs.find(seed);
      if (run == term.group.runs.end()) {
        whole = false;
        break;
      }
      SID_ASSIGN_OR_RETURN(const std::optional<double> value, QuantityOf(rule.quantity, *run->second));
      files.insert(run->second->name);
      if (!value || !std::isfinite(*value)) whole = false;
      sum += term.times * value.value_or(0);
    }
    if (!whole) continue;
    values->seeds.push_back(seed);
    values->values.push_back(sum);
  }
  values->runs.assign(files.begin(), files.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<double>> QuantityOf(const std::string& quantity, const FinishedRun& run) {
  std::vector<std::string> names;
  for (const auto& [name, function] : QuantitiesByName()) names.push_back(name);
  SID_RETURN_IF_ERROR(FindName("quantity", quantity, names).status());
  if (run.result.contains("failed")) return OfFailed(quantity, run.result);
  if (quantity == "staleness" && !run.result.contains("staleness")) return std::nullopt;  // it was not probed
  return QuantitiesByName().at(quantity)(run.result);
}

absl::StatusOr<ContrastValues> Evaluate(const Rule& rule, const Contrast& contrast, const Evidence& evidence) {
  ContrastValues values;
  SID_ASSIGN_OR_RETURN(const std::vector<ChosenTerm> terms, ChooseTerms(rule, contrast, evidence, &values));
  if (!values.problem.empty()) return values;
  values.identity = Identity(contrast, terms);
  if (values.identity.empty()) {
    values.problem = absl::StrCat("one data set, ", evidence.stand_in, ", stands for all that this compares");
    return values;
  }
  SID_RETURN_IF_ERROR(AddUp(rule, terms, &values));
  if (values.values.empty()) values.problem = "no seed has all the runs that this compares, or they failed";
  return values;
}

}  // namespace sid
