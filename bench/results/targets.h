#pragma once

// What this project set out to reach on one H100-class GPU, for whole steps of 128 images in 100 classes, and whether a run reached
// it. Both sides of a ratio have the same precision, and the baseline every trick that it can use:
//
//   sid over bp-chain, both captured as CUDA graphs     L = 8, 16: at least 2.4 times faster      L = 64: 4 times
//   sid, captured, over bp-chain, plain                 L = 64: at least 10 times
//   sid's step at L = 64 / its step at L = 4            at most 1.3
//
// Of sid's executors the one with the shortest step stands for it, as --executor=auto would.

#include <cstdint>
#include <string>
#include <vector>

#include "bench/results/results.h"

namespace sid {

enum class TargetVerdict {
  kMet,          // the whole 95 % interval is on the right side of the bound
  kMissed,       // it is on the wrong side
  kUndecided,    // it contains the bound
  kNotMeasured,  // a contender is missing, or its samples were disturbed
};

struct TargetResult {
  std::string what;  // "sid/cuda/captured L=64 B=128 over bp-chain/captured L=64 B=128: at least 4 times faster"
  double bound = 0;
  TargetVerdict verdict = TargetVerdict::kNotMeasured;
  double ratio = 0;   // median; 0 where it was not measured
  Interval interval;  // of the pairs' ratio; for two depths, which have no pairs, at worst from both medians' intervals
};

// For every precision of the run.
std::vector<TargetResult> JudgeTargets(const Results& results);

std::string Name(TargetVerdict verdict);

}  // namespace sid
