#include "bench/sweep.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/machine/precision.h"
#include "base/status.h"
#include "base/text.h"
#include "baselines/learners.h"
#include "bench/contenders/ranks.h"
#include "sid/network/architectures.h"

namespace sid {
namespace {

// Of one call: it would take a day.
constexpr size_t kMostContenders = 1000;
constexpr int64_t kMostThreads = 4096;

absl::StatusOr<std::vector<std::string>> List(const std::string& flag, const std::string& text) {
  std::vector<std::string> items = absl::StrSplit(text, ',', absl::SkipWhitespace());
  for (std::string& item : items) absl::StripAsciiWhitespace(&item);
  if (!items.empty()) return items;
  return absl::InvalidArgumentError(absl::StrCat("--", flag,
                                                 " is empty: there is nothing to measure; give one or more, "
                                                 "separated by commas"));
}

// The flag is the kind's plural.
absl::StatusOr<std::vector<std::string>> Names(const std::string& kind, const std::string& text,
                                               const std::vector<std::string>& known) {
  SID_ASSIGN_OR_RETURN(std::vector<std::string> names, List(kind + "s", text));
  for (const std::string& name : names) SID_RETURN_IF_ERROR(FindName(kind, name, known).status());
  return names;
}

// `auto` is one of the others.
absl::StatusOr<std::vector<std::string>> Executors(const std::string& text, const std::string& head,
                                                   at::Device device) {
  std::vector<std::string> known{"serial"};
  if (head == "mlp") known.emplace_back("batched");
  if (head == "mlp" && device.is_cuda()) known.emplace_back("cuda");
  if (text == "all") return known;
  return Names("executor", text, known);
}

absl::StatusOr<std::vector<int64_t>> Numbers(const std::string& flag, const std::string& text, int64_t least) {
  SID_ASSIGN_OR_RETURN(const std::vector<std::string> items, List(flag, text));
  std::vector<int64_t> numbers;
  for (const std::string& item : items) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(item, &number) || number < least) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag, ": '", item, "' is not valid; expected whole numbers from ", least, " on"));
    }
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<std::vector<bool>> Captured(const std::string& text, at::Device device) {
  SID_RETURN_IF_ERROR(FindName("capture", text, {"off", "on", "both"}).status());
  if (text != "off" && !device.is_cuda()) {
    return absl::InvalidArgumentError(absl::StrCat("--capture=", text, " needs a GPU, and the device is ", device.str(),
                                                   ": steps are captured as CUDA graphs; leave it off"));
  }
  return text == "both" ? std::vector<bool>{false, true} : std::vector<bool>{text == "on"};
}

absl::StatusOr<std::vector<std::string>> Schedules(const std::string& text, at::Device device) {
  SID_ASSIGN_OR_RETURN(auto schedules,
                       Names("schedule", text, {"serial", "streams", "pipeline", "ranks", "data-parallel", "gpipe"}));
  for (const std::string& schedule : schedules) {
    if (device.is_cuda() && IsOverRanks({.schedule = schedule}))
      return absl::InvalidArgumentError(absl::StrCat("--schedules=", schedule, ": ranks are measured on CPUs so far"));
  }
  return schedules;
}

absl::Status Validate(const BenchConfig& config) {
  const Problem& problem = config.problem;
  const HarnessOptions& harness = config.harness;
  const std::tuple<const char*, double, double> least[] = {
      {"classes", problem.classes, 2},          {"side", problem.side, 4},
      {"features", problem.features, 1},        {"hidden", problem.hidden, 1},
      {"samples", harness.samples, 5},          {"sample_seconds", harness.sample_seconds, 0},
      {"most_seconds", harness.most_seconds, 0}};
  for (const auto& [flag, value, bound] : least) {
    if (value >= bound && std::isfinite(value)) continue;
    return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, " is out of range: at least ", bound));
  }
  return absl::OkStatus();
}

// `contenders`, each with each of the values; too many are refused before there are.
template <typename T>
absl::Status Multiply(T Contender::*member, const absl::StatusOr<std::vector<std::type_identity_t<T>>>& values,
                      std::vector<Contender>* contenders) {
  SID_RETURN_IF_ERROR(values.status());
  if (contenders->size() * values->size() > kMostContenders) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lists make more than ", kMostContenders, " contenders: shorten one of them"));
  }
  std::vector<Contender> all;
  for (const Contender& contender : *contenders) {
    for (const T& value : *values) {
      all.push_back(contender);
      all.back().*member = value;
    }
  }
  *contenders = std::move(all);
  return absl::OkStatus();
}

// Without what its learner, its executor or its schedule has no choice of.
std::optional<Contender> Plain(Contender contender, bool recompute, const std::vector<int64_t>& threads) {
  const Contender usual;
  const LearnerKind learner = FindLearner(contender.learner).value();
  const bool local = learner.local_losses;
  contender.recompute = !local && recompute;
  if (!local) contender.executor = usual.executor;
  // One with local losses has no schedule of backpropagation's; it is left out.
  const bool of_local = contender.schedule != "data-parallel" && contender.schedule != "gpipe";
  if (local && !of_local) return std::nullopt;
  if (!local && (of_local || !learner.over_ranks)) contender.schedule = usual.schedule;
  if (!local || contender.executor == "serial") contender.chunk = 0;
  // Each of several workers has the fewest, so that they find processors.
  const bool has_workers = contender.schedule != "serial" && contender.schedule != "streams";
  if (contender.threads > 0 && has_workers) contender.threads = *std::min_element(threads.begin(), threads.end());
  return contender;
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> Threads(const BenchConfig& config) {
  SID_ASSIGN_OR_RETURN(std::vector<int64_t> threads, Numbers("threads", config.threads, 0));
  for (const int64_t count : threads) {
    if (count > kMostThreads)
      return absl::InvalidArgumentError(absl::StrCat("--threads=", count, " is out of range: at most ", kMostThreads));
    if (count == 0 && threads.size() > 1)
      return absl::InvalidArgumentError("--threads: 0, all cores, stands alone; in a list each is a number of threads");
  }
  return threads;
}

absl::StatusOr<std::vector<Contender>> Contenders(const BenchConfig& config, at::Device device) {
  SID_RETURN_IF_ERROR(Validate(config));
  SID_ASSIGN_OR_RETURN(const auto precisions, Names("precision", config.precisions, PrecisionNames()));
  for (const std::string& precision : precisions) SID_RETURN_IF_ERROR(ParsePrecision(precision, device).status());
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> threads, Threads(config));
  const std::vector<std::string> partitions =
      absl::StrSplit(config.partitions, absl::ByAnyChar("; "), absl::SkipEmpty());
  std::vector<Contender> all{{.head = config.head}};
  SID_RETURN_IF_ERROR(Multiply(&Contender::depth, Numbers("depths", config.depths, 1), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::batch, Numbers("batches", config.batches, 1), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::learner, Names("learner", config.learners, LearnerNames()), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::network, Names("network", config.networks, ArchitectureNames()), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::partition, partitions, &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::executor, Executors(config.executors, config.head, device), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::chunk, Numbers("chunks", config.chunks, 0), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::schedule, Schedules(config.schedules, device), &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::precision, precisions, &all));
  SID_RETURN_IF_ERROR(Multiply(&Contender::captured, Captured(config.capture, device), &all));
  if (threads.size() > 1) SID_RETURN_IF_ERROR(Multiply(&Contender::threads, threads, &all));
  std::vector<Contender> contenders;
  std::set<std::string> labels;
  for (const Contender& one : all) {
    const std::optional<Contender> contender = Plain(one, config.recompute, threads);
    if (contender && labels.insert(Label(*contender)).second) contenders.push_back(*contender);
  }
  return contenders;
}

}  // namespace sid
