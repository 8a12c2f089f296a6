#pragma once

// What //:bench was asked for, and the contenders that are meant.
//
//   learners x networks x partitions x executors x chunks x schedules x precisions x capture x threads x depths x batches --> contenders
//
// Executors, chunks and schedules multiply local losses only, but data-parallel and gpipe, which multiply bp.

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/contenders/contender.h"
#include "bench/harness/harness.h"

namespace sid {

struct BenchConfig {
  // Lists, with commas.
  std::string learners = "sid,bp-chain";
  std::string networks = "simple-cnn";
  std::string partitions = "shared";  // separated by blanks or semicolons, as a list of blocks holds commas
  std::string head = "mlp";           // of all
  bool recompute = false;             // of backpropagation
  std::string executors = "all";      // that the device and the head have
  std::string chunks = "0";
  std::string schedules = "serial";
  std::string precisions = "fp32";
  std::string capture = "off";  // or on, or both: plain and captured steps are contenders of one run
  std::string depths = "4,8,16";
  std::string batches = "128";

  Problem problem;
  HarnessOptions harness;

  std::string device = "auto";
  std::string threads = "0";  // of the CPU, 0 for all cores; a list makes contenders of each
  std::string out = "runs/bench";
};

// How many threads of the CPU the contenders have; {0}: all cores.
absl::StatusOr<std::vector<int64_t>> Threads(const BenchConfig& config);

// In the order of the lists, depth by depth, without repetitions. InvalidArgument, one line, for an unknown name (with the
// nearest), an empty list or a number out of range.
absl::StatusOr<std::vector<Contender>> Contenders(const BenchConfig& config, at::Device device);

}  // namespace sid
