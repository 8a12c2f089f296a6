#include "bench/sweep.h"

#include <algorithm>
#include <cmath>

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

absl::StatusOr<std::vector<std::string>> Names(const std::string& flag, const std::string& kind,
                                               const std::string& text, const std::vector<std::string>& known) {
  SID_ASSIGN_OR_RETURN(std::vector<std::string> names, List(flag, text));
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
  return Names("executors", "executor", text, known);
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
  if (text == "both") return std::vector<bool>{false, true};
  return std::vector<bool>{text == "on"};
}

const std::vector<std::string>& LocalSchedules() {
  static const auto* const kSchedules = new std::vector<std::string>{"serial", "streams", "pipeline", "ranks"};
  return *kSchedules;
}

// Of those asked for the ones that a learner has; a learner with one way to run has that.
std::vector<std::string> SchedulesOf(const LearnerKind& learner, const std::vector<std::string>& asked) {
  std::vector<std::string> schedules;
  if (!learner.local_losses) schedules.emplace_back("serial");
  for (const std::string& schedule : asked) {
    const bool local = std::count(LocalSchedules().begin(), LocalSchedules().end(), schedule) > 0;
    if (local ? learner.local_losses : learner.over_ranks) schedules.push_back(schedule);
  }
  return schedules;
}

// A list multiplies what runs on one worker; of several workers each has the fewest, so that they find processors.
std::vector<int64_t> ThreadsOf(const std::string& schedule, const std::vector<int64_t>& threads) {
  if (threads.size() == 1) return {0};
  if (schedule == "serial" || schedule == "streams") return threads;
  return {*std::min_element(threads.begin(), threads.end())};
}

absl::StatusOr<std::vector<std::string>> Schedules(const std::string& text, at::Device device) {
  std::vector<std::string> known = LocalSchedules();
  known.insert(known.end(), {"data-parallel", "gpipe"});
  SID_ASSIGN_OR_RETURN(auto schedules, Names("schedules", "schedule", text, known));
  for (const std::string& schedule : schedules) {
    if (device.is_cuda() && IsOverRanks({.schedule = schedule}))
      return absl::InvalidArgumentError(absl::StrCat("--schedules=", schedule, ": ranks work on CPUs so far"));
  }
  return schedules;
}

absl::Status AtLeast(const std::string& flag, double value, double least) {
  if (value >= least && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, " is out of range: at least ", least));
}

absl::Status Validate(const BenchConfig& config) {
  const Problem& problem = config.problem;
  SID_RETURN_IF_ERROR(AtLeast("classes", static_cast<double>(problem.classes), 2));
  SID_RETURN_IF_ERROR(AtLeast("side", static_cast<double>(problem.side), 4));
  SID_RETURN_IF_ERROR(AtLeast("features", static_cast<double>(problem.features), 1));
  SID_RETURN_IF_ERROR(AtLeast("hidden", static_cast<double>(problem.hidden), 1));
  SID_RETURN_IF_ERROR(AtLeast("samples", static_cast<double>(config.harness.samples), 5));
  SID_RETURN_IF_ERROR(AtLeast("sample_seconds", config.harness.sample_seconds, 0));
  SID_RETURN_IF_ERROR(AtLeast("bandwidth", config.bandwidth, 1e-6));
  SID_RETURN_IF_ERROR(AtLeast("latency", config.latency, 0));
  return AtLeast("most_seconds", config.harness.most_seconds, 0);
}

absl::Status CheckProduct(const std::vector<size_t>& lengths) {
  size_t product = 1;
  for (const size_t length : lengths) {
    product *= std::min(length, kMostContenders + 1);
    if (product <= kMostContenders) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the lists make more than ", kMostContenders, " contenders: shorten one of them"));
  }
  return absl::OkStatus();
}

}  // namespace

void MakeQuick(BenchConfig* config) {
  config->harness.samples = 8;
  config->harness.sample_seconds = 0.05;
  config->harness.most_warm_up = 12;
  config->harness.most_seconds = 45;
}

absl::StatusOr<Placement> ParsePlacement(const BenchConfig& config) {
  if (config.partition.empty()) return Placement();
  SID_ASSIGN_OR_RETURN(const Placement partition, Numbers("partition", config.partition, 1));
  SID_ASSIGN_OR_RETURN(const auto depths, Numbers("depths", config.depths, 1));
  int64_t modules = 0;
  for (const int64_t count : partition) modules += count;
  if (std::find(depths.begin(), depths.end(), modules) != depths.end()) return partition;
  return absl::InvalidArgumentError(absl::StrCat("--partition=", config.partition, " has ", modules,
                                                 " modules, and none of --depths=", config.depths, " has as many"));
}

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
  SID_ASSIGN_OR_RETURN(const auto learners, Names("learners", "learner", config.learners, LearnerNames()));
  SID_ASSIGN_OR_RETURN(const auto executors, Executors(config.executors, config.head, device));
  SID_ASSIGN_OR_RETURN(const auto chunks, Numbers("chunks", config.chunks, 0));
  SID_ASSIGN_OR_RETURN(const auto schedules, Schedules(config.schedules, device));
  SID_ASSIGN_OR_RETURN(const auto precisions, Names("precisions", "precision", config.precisions, PrecisionNames()));
  for (const std::string& precision : precisions) SID_RETURN_IF_ERROR(ParsePrecision(precision, device).status());
  SID_ASSIGN_OR_RETURN(const std::vector<bool> captured, Captured(config.capture, device));
  SID_ASSIGN_OR_RETURN(const std::vector<int64_t> threads, Threads(config));
  SID_ASSIGN_OR_RETURN(const auto depths, Numbers("depths", config.depths, 1));
  SID_ASSIGN_OR_RETURN(const auto batches, Numbers("batches", config.batches, 1));
  SID_ASSIGN_OR_RETURN(const auto networks, Names("networks", "network", config.networks, ArchitectureNames()));
  const std::vector<std::string> partitions =
      absl::StrSplit(config.partitions, absl::ByAnyChar("; "), absl::SkipEmpty());
  SID_RETURN_IF_ERROR(
      CheckProduct({learners.size(), networks.size(), partitions.size(), executors.size(), chunks.size(),
                    schedules.size(), threads.size(), precisions.size(), depths.size(), batches.size()}));
  std::vector<Contender> contenders;
  std::vector<std::string> labels;
  const auto add = [&](const Contender& contender) {
    const std::string label = Label(contender);
    if (std::find(labels.begin(), labels.end(), label) != labels.end()) return;
    labels.push_back(label);
    contenders.push_back(contender);
  };
  // Of one learner on one network: every way to compute its step.
  const auto add_ways = [&](Contender contender) {
    const LearnerKind learner = FindLearner(contender.learner).value();
    const bool local = learner.local_losses;
    contender.recompute = !local && config.recompute;
    for (const std::string& executor : local ? executors : std::vector<std::string>{"batched"}) {
      // serial has no chunks.
      for (const int64_t chunk : local&& executor != "serial" ? chunks : std::vector<int64_t>{0}) {
        for (const std::string& schedule : SchedulesOf(learner, schedules)) {
          for (const std::string& precision : precisions) {
            for (const bool graph : captured) {
              contender.executor = executor;
              contender.chunk = chunk;
              contender.schedule = schedule;
              contender.precision = precision;
              contender.captured = graph;
              for (const int64_t count : ThreadsOf(schedule, threads)) {
                contender.threads = count;
                add(contender);
              }
            }
          }
        }
      }
    }
  };
  for (const int64_t depth : depths) {
    for (const int64_t batch : batches) {
      for (const std::string& learner : learners) {
        for (const std::string& network : networks) {
          for (const std::string& partition : partitions) {
            add_ways({.learner = learner,
                      .network = network,
                      .partition = partition,
                      .head = config.head,
                      .depth = depth,
                      .batch = batch});
          }
        }
      }
    }
  }
  return contenders;
}

}  // namespace sid
