#include "reproducibility/verdict/quantities.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/results.h"

namespace sid {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kHalves = 2, kMostModules = 10'000;

// NaN where one of them is: what is no number is no small rise.
double Larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }

std::vector<double> Numbers(const ordered_json& list) {
  std::vector<double> numbers;
  for (const ordered_json& number : list) numbers.push_back(NumberOf(number));
  return numbers;
}

double Start(const ordered_json& result) { return NumberOf(result.at("theory").at("divergence").front()); }

std::vector<double> Rises(const ordered_json& result) {
  const std::vector<double> d = Numbers(result.at("theory").at("divergence"));
  std::vector<double> rises;
  for (size_t i = 1; i < d.size(); ++i) rises.push_back((d[i] - d[i - 1]) / d[0]);
  return rises;
}

std::vector<double> Contractions(const ordered_json& result) {
  const std::vector<double> d = Numbers(result.at("theory").at("divergence"));
  std::vector<double> contractions;
  for (size_t i = 1; i < d.size(); ++i) contractions.push_back(d[i] / d[i - 1]);
  return contractions;
}

// A mean over many epochs does not grow with their number, as a maximum would. Between modules only: the epochs do not hold d_0.
std::vector<double> RisesInTraining(const ordered_json& result) {
  const ordered_json& epochs = result.at("epochs");
  const size_t depth = epochs.front().at("validation").at("divergence").size();
  std::vector<double> rises;
  for (size_t i = 1; i < depth; ++i) {
    std::vector<double> sums(kHalves), counts(kHalves);
    for (size_t epoch = 0; epoch < epochs.size(); ++epoch) {
      const ordered_json& d = epochs[epoch].at("validation").at("divergence");
      const size_t half = epoch * kHalves / epochs.size();
      sums[half] += d.size() == depth ? (NumberOf(d[i]) - NumberOf(d[i - 1])) / Start(result) : std::nan("");
      counts[half] += 1;
    }
    for (size_t half = 0; half < kHalves; ++half) rises.push_back(sums[half] / counts[half]);
  }
  return rises;
}

std::vector<double> LargestStaleness(const ordered_json& result) {
  if (!result.contains("staleness")) return {};  // it was not probed
  double largest = -INFINITY;
  for (const ordered_json& mean : result.at("staleness").at("mean")) largest = Larger(largest, NumberOf(mean));
  return {largest};
}

std::vector<double> Accuracy(const ordered_json& result) { return {result.at("test").at("accuracy").back()}; }
using Quantity = std::vector<double> (*)(const ordered_json& result);

const std::map<std::string, Quantity>& QuantitiesByName() {
  static const auto* const kQuantities = new std::map<std::string, Quantity>{{"accuracy", Accuracy},
                                                                             {"contraction", Contractions},
                                                                             {"rise", Rises},
                                                                             {"rise_in_training", RisesInTraining},
                                                                             {"staleness", LargestStaleness}};
  return *kQuantities;
}

bool IsList(const std::string& quantity) {
  return quantity == "rise" || quantity == "rise_in_training" || quantity == "contraction";
}

// A run whose numbers are not finite leaves a network that guesses; left out, it would flatter its learner.
std::vector<double> OfFailed(const std::string& quantity, const ordered_json& result) {
  if (quantity != "accuracy" || !result.contains("classes")) return {};
  return {1 / result.at("classes").get<double>()};
}

}  // namespace

absl::StatusOr<std::vector<double>> QuantityOf(const std::string& quantity, const ordered_json& result) {
  std::vector<std::string> names;
  for (const auto& [name, function] : QuantitiesByName()) names.push_back(name);
  SID_RETURN_IF_ERROR(FindName("quantity", quantity, names).status());
  if (result.contains("failed")) return OfFailed(quantity, result);
  return QuantitiesByName().at(quantity)(result);
}

std::vector<std::string> NamesOf(const std::string& quantity, size_t count) {
  std::vector<std::string> names(count);
  for (size_t i = 0; IsList(quantity) && i < count; ++i) {
    names[i] = quantity == "rise_in_training" ? absl::StrCat(", module ", i / kHalves + 2, ", half ", i % kHalves + 1)
                                              : absl::StrCat(", module ", i + 1);
  }
  return names;
}

size_t TestsOf(const Rule& rule, const Contrast& contrast) {
  if (!IsList(rule.quantity)) return 1;
  const json given = contrast.terms.front().filter.value("depth", json());
  const size_t depth = given.is_number_unsigned() ? std::clamp<size_t>(given.get<size_t>(), 1, kMostModules) : 1;
  return rule.quantity == "rise_in_training" ? (depth - 1) * kHalves : depth;
}

double ValidationAccuracy(const ordered_json& result) {
  if (result.contains("failed")) return 0;
  const ordered_json& epoch = result.at("epochs").at(result.at("best_epoch").get<size_t>() - 1);
  const ordered_json& accuracy = epoch.at("validation").at("accuracy");
  return accuracy.empty() ? 0 : accuracy.back().get<double>();
}

}  // namespace sid
