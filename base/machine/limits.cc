#include "base/machine/limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sid {

namespace {

bool Has(const std::string& list, const std::string& name) {
  const std::vector<std::string> names = absl::StrSplit(list, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One line of mountinfo: where a tree of groups lies, and which of its groups is seen there as the topmost.
struct Mount {
  std::string controllers;  // of version 1: "rw,cpu,cpuacct"
  std::string top, place;
  bool is_version_2 = false;
};

std::vector<Mount> Mounts(const std::string& root) {
  std::vector<Mount> mounts;
  for (const absl::string_view line : absl::StrSplit(ReadKernelFile(root + "/proc/self/mountinfo"), '\n')) {
    const std::vector<std::string> halves = absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    if (halves.size() != 2) continue;
    const std::vector<std::string> left = absl::StrSplit(halves[0], ' '), right = absl::StrSplit(halves[1], ' ');
    if (left.size() < 5 || right.size() < 3 || !absl::StartsWith(right[0], "cgroup")) continue;
    mounts.push_back({right[2], left[3], root + left[4], right[0] == "cgroup2"});
  }
  return mounts;
}

// The folders of this process' group and of all above it that can be seen, in which `controller` (version 1) may have a limit.
std::vector<std::string> Groups(const std::string& root, const std::string& controller, bool version_2) {
  std::vector<std::string> groups;
  for (const absl::string_view line : absl::StrSplit(ReadKernelFile(root + "/proc/self/cgroup"), '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (version_2 ? parts[1] != "" : !Has(parts[1], controller)) continue;
    for (const Mount& mount : Mounts(root)) {
      if (mount.is_version_2 != version_2 || (!version_2 && !Has(mount.controllers, controller))) continue;
      // A group that the mount does not show is the one that it shows as its top.
      absl::string_view below = parts[2];
      if (mount.top != "/" && !absl::ConsumePrefix(&below, mount.top)) below = "";
      for (std::string path(absl::StripSuffix(below, "/")); !path.empty(); path.resize(path.rfind('/')))
        groups.push_back(mount.place + path);
      groups.push_back(mount.place);
    }
  }
  return groups;
}

// The number that a file begins with; `none` for "max" and where there is no such file.
int64_t NumberIn(const std::string& path, int64_t none) {
  const std::vector<std::string> words = absl::StrSplit(ReadKernelFile(path), absl::ByAnyChar(" \n"));
  int64_t number = 0;
  return absl::SimpleAtoi(words[0], &number) && number >= 0 ? number : none;
}

double QuotaOf(const std::string& group) {
  const int64_t quota = NumberIn(group + "/cpu.cfs_quota_us", MachineLimits::kNone);
  const int64_t period = NumberIn(group + "/cpu.cfs_period_us", 100'000);
  if (quota != MachineLimits::kNone && period > 0) return static_cast<double>(quota) / static_cast<double>(period);
  const std::vector<std::string> words = absl::StrSplit(ReadKernelFile(group + "/cpu.max"), absl::ByAnyChar(" \n"));
  double used = 0, of = 0;
  const bool both = words.size() >= 2 && absl::SimpleAtod(words[0], &used) && absl::SimpleAtod(words[1], &of) && of > 0;
  return both ? used / of : std::numeric_limits<double>::infinity();
}

int64_t MemoryOf(const std::string& group) {
  return std::min(NumberIn(group + "/memory.max", MachineLimits::kNone),
                  NumberIn(group + "/memory.limit_in_bytes", MachineLimits::kNone));
}

int64_t ProcessesOf(const std::string& group) {
  const int64_t most = NumberIn(group + "/pids.max", MachineLimits::kNone);
  return most == MachineLimits::kNone ? most : std::max<int64_t>(most - NumberIn(group + "/pids.current", 0), 0);
}

}  // namespace

MachineLimits ReadMachineLimits(const std::string& root) {
  MachineLimits limits;
  for (const bool version_2 : {false, true}) {
    for (const std::string& group : Groups(root, "cpu", version_2))
      limits.processors = std::min(limits.processors, QuotaOf(group));
    for (const std::string& group : Groups(root, "memory", version_2))
      limits.memory_bytes = std::min(limits.memory_bytes, MemoryOf(group));
    for (const std::string& group : Groups(root, "pids", version_2))
      limits.processes = std::min(limits.processes, ProcessesOf(group));
  }
  return limits;
}

int64_t UsableProcessors(int64_t affinity, const MachineLimits& limits) {
  const double most = std::min(static_cast<double>(affinity), limits.processors);
  return std::max<int64_t>(static_cast<int64_t>(most), 1);
}

int64_t UsableProcessors() {
  // The mask of a machine of more than 1024 processors does not fit: it says as much.
  cpu_set_t mask;
  const int64_t all = std::max<int64_t>(sysconf(_SC_NPROCESSORS_ONLN), 1);
  const int64_t affinity = sched_getaffinity(0, sizeof(mask), &mask) == 0 ? CPU_COUNT(&mask) : all;
  return UsableProcessors(affinity, ReadMachineLimits());
}

std::string ProcessorField(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) == 0 && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return "unknown";
}

std::string ReadKernelFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace sid
