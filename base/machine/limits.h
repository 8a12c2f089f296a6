#pragma once

// What this process may use of the machine: a container, or a batch system's job, shows all processors and all memory and lets it have a
// part. Read from the control groups that it is in and those above them, of either version.
//
//   proc/self/cgroup     which groups:    "0::/user.slice" (version 2), "4:cpu,cpuacct:/docker/1234" (version 1)
//   proc/self/mountinfo  where they lie:  cpu.max or cpu.cfs_quota_us, memory.max or memory.limit_in_bytes, pids.max

#include <cstdint>
#include <limits>
#include <string>

namespace sid {

struct MachineLimits {
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

  double processors = std::numeric_limits<double>::infinity();  // in use at any time, on average
  int64_t memory_bytes = kNone;
  int64_t processes = kNone;  // threads, more exactly: how many more can be started
};

// `root` holds proc/ and sys/: "" but in tests. What cannot be read limits nothing.
MachineLimits ReadMachineLimits(const std::string& root = "");

// On how many threads to compute, at least 1: the processors that this process may run on (its affinity), and no more than its quota
// has whole ones: all threads would wait for one beyond it, which stands still for a part of the time.
int64_t UsableProcessors();
int64_t UsableProcessors(int64_t affinity, const MachineLimits& limits);

// What Linux says of the processor.

// The value of the first line of /proc/cpuinfo that begins with `key` ("model name", "flags"); "unknown" without one.
std::string ProcessorField(const std::string& key);

// The text of a file that the kernel makes up as it is read (/proc, /sys): its size says 0, so base/files.h would read nothing. "" where
// it cannot be read.
std::string ReadKernelFile(const std::string& path);

}  // namespace sid
