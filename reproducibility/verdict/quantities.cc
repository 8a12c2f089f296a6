#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/text.h"
#include "reproducibility/experiments/results.h"
#include "reproducibility/verdict/evidence.h"

namespace sid {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr size_t kHalves = 2, kMostModules = 10'000;

// NaN where one of them is: what is no number is no small rise.
double Larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }

double Start(const ordered_json& result) { return NumberOf(result.at("theory").at("divergence").front()); }

// Of each module, from d_i and d_{i-1}.
template <typename Function>
std::vector<double> OfModules(const ordered_json& result, Function of) {
  const ordered_json& d = result.at("theory").at("divergence");
  std::vector<double> numbers;
  for (size_t i = 1; i < d.size(); ++i) numbers.push_back(of(NumberOf(d[i]), NumberOf(d[i - 1])));
  return numbers;
}

std::vector<double> Rises(const ordered_json& result) {
  return OfModules(result, [start = Start(result)](double after, double before) { return (after - before) / start; });
}

std::vector<double> Contractions(const ordered_json& result) { return OfModules(result, std::divides<>()); }

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

constexpr std::pair<const char*, Quantity> kQuantities[] = {{"accuracy", Accuracy},
                                                            {"contraction", Contractions},
                                                            {"rise", Rises},
                                                            {"rise_in_training", RisesInTraining},
                                                            {"staleness", LargestStaleness}};

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
  for (const auto& [name, function] : kQuantities) names.emplace_back(name);
  SID_ASSIGN_OR_RETURN(const size_t index, FindName("quantity", quantity, names));
  if (result.contains("failed")) return OfFailed(quantity, result);
  return kQuantities[index].second(result);
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
