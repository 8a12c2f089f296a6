#include "train/output/records.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_format.h"

namespace sid {
namespace {

constexpr size_t kMostModules = 32;

struct List {
  std::string name;
  const std::vector<double>* values;  // by module; divergence and entropy, which begin with p_0, by belief
  size_t first;                       // the number of the first value
};

std::vector<List> Lists(const ProbeRecord& record) {
  const QuantitySummary& theory = record.theory;
  return {{"divergence", &theory.divergence, 0},
          {"loss", &theory.loss, 1},
          {"failure", &theory.failure, 1},
          {"bound", &theory.bound, 1},
          {"contraction", &theory.contraction, 1},
          {"entropy", &theory.entropy, 0},
          {"fell", &theory.fell, 1},
          {"accuracy", &record.accuracy, 1},
          {"staleness", &record.staleness, 1},
          {"weight_norm", &record.weight_norm, 1},
          {"gradient_norm", &record.gradient_norm, 1},
          {"active", &record.active, 1},
          {"features_gradient_norm", &record.conflict.norm, 1}};
}

// Of more than kMostModules values as many, evenly spaced, the first and the last among them.
void AddScalars(const List& list, std::vector<Scalar>& scalars) {
  const size_t count = list.values->size(), shown = std::min(count, kMostModules);
  for (size_t k = 0; k < shown; ++k) {
    const size_t place = shown < 2 ? k : k * (count - 1) / (shown - 1);
    scalars.push_back({absl::StrFormat("%s/%04d", list.name, list.first + place), (*list.values)[place]});
  }
}

std::vector<Scalar> Numbers(const ProbeRecord& record) {
  std::vector<Scalar> numbers = {{"fell_everywhere", record.theory.fell_everywhere},
                                 {"largest_excess", record.theory.largest_excess}};
  if (record.conflict.norm.empty()) return numbers;
  numbers.push_back({"conflict/mean_cosine", record.conflict.mean_cosine});
  numbers.push_back({"conflict/lowest_cosine", record.conflict.lowest_cosine});
  numbers.push_back({"conflict/opposed", record.conflict.opposed});
  numbers.push_back({"conflict/agreement", record.conflict.agreement});
  return numbers;
}

// JSON writes null for what is not finite: of a divergence that is infinity, of an entropy, 0 log 0, NaN.
constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

double NumberOf(const nlohmann::json& value, double null) { return value.is_null() ? null : value.get<double>(); }

std::vector<double> NumbersOf(const nlohmann::json& line, const char* name, double null = kInfinity) {
  std::vector<double> numbers;
  if (!line.contains(name)) return numbers;
  for (const nlohmann::json& value : line.at(name)) numbers.push_back(NumberOf(value, null));
  return numbers;
}

}  // namespace

nlohmann::ordered_json ToJson(const ProbeRecord& record) {
  nlohmann::ordered_json json = {{"probe", record.step}};
  for (const Scalar& number : Numbers(record)) json[number.tag.substr(number.tag.find('/') + 1)] = number.value;
  for (const List& list : Lists(record)) {
    if (!list.values->empty()) json[list.name] = *list.values;
  }
  if (!record.conflict.cosine.empty() && record.conflict.cosine.size() <= kMostModules) {
    json["cosine"] = record.conflict.cosine;
  }
  return json;
}

absl::StatusOr<ProbeRecord> ProbeFromJson(const nlohmann::json& line) {
  try {
    ProbeRecord record;
    record.step = line.at("probe").get<int64_t>();
    record.theory.divergence = NumbersOf(line, "divergence");
    record.theory.entropy = NumbersOf(line, "entropy", kNan);
    record.staleness = NumbersOf(line, "staleness");
    record.active = NumbersOf(line, "active");
    record.conflict.norm = NumbersOf(line, "features_gradient_norm");
    if (line.contains("agreement")) record.conflict.agreement = NumberOf(line.at("agreement"), kNan);
    if (line.contains("lowest_cosine")) record.conflict.lowest_cosine = NumberOf(line.at("lowest_cosine"), kNan);
    const size_t depth = record.staleness.size();
    const bool fits = depth > 0 && record.theory.divergence.size() == depth + 1 &&
                      record.theory.entropy.size() == depth + 1 &&
                      (record.conflict.norm.empty() || record.active.size() == record.conflict.norm.size());
    if (fits) return record;
  } catch (const nlohmann::json::exception&) {  // it is told below
  }
  return absl::InvalidArgumentError("is no probe's record");
}

std::vector<Scalar> ToScalars(const ProbeRecord& record) {
  std::vector<Scalar> scalars;
  for (const Scalar& number : Numbers(record)) {
    scalars.push_back({number.tag.find('/') == std::string::npos ? "theory/" + number.tag : number.tag, number.value});
  }
  for (const List& list : Lists(record)) AddScalars(list, scalars);
  return scalars;
}

nlohmann::ordered_json ToJson(const EpochRecord& record) {
  return {{"epoch", record.epoch},
          {"seconds", record.seconds},
          {"learning_rate", record.learning_rate},
          {"train_loss", record.train_loss},
          {"train_loss_by_depth", record.train_loss_by_depth},
          {"train_accuracy", record.train_accuracy},
          {"validation_accuracy", record.validation.accuracy},
          {"validation_divergence", record.validation.divergence},
          {"validation_loss", record.validation.loss}};
}

std::vector<Scalar> ToScalars(const EpochRecord& record) {
  std::vector<Scalar> scalars = {{"epoch/learning_rate", record.learning_rate},
                                 {"epoch/train_loss", record.train_loss},
                                 {"epoch/train_accuracy", record.train_accuracy}};
  for (const List& list : {List{"validation_accuracy", &record.validation.accuracy, 1},
                           List{"validation_divergence", &record.validation.divergence, 1}})
    AddScalars(list, scalars);
  return scalars;
}

}  // namespace sid
