#pragma once

// Measures contenders against each other, in passes that do not disturb one another, as bench/README.md explains:
//
//   warm-up   each alone, until its times no longer fall or rise
//   latency   rounds: every contender once, in an order drawn anew each round; the samples of one round are pairs
//   profile   rounds again, with the phases timed
//   memory    each alone: peak bytes of tensors above parameters and optimizer state
//
// A sample during which the machine did something else (bench/environment/environment.h) is discarded, and the rounds go on.

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/contenders/contender.h"
#include "bench/environment/gpu_monitor.h"
#include "bench/timing/phase_timers.h"

namespace sid {

struct HarnessOptions {
  int64_t samples = 30;         // undisturbed ones wanted, in latency and profile
  double sample_seconds = 0.1;  // a sample of the latency is as many steps as take about that long
  int64_t most_warm_up = 60;    // steps
  double most_seconds = 900;    // of latency, and of profile; no further round begins then, but five are made
  uint64_t seed = 1;            // of the order within rounds
};

struct Harness {
  Problem problem;
  at::Device device = at::kCPU;
  HarnessOptions options;
  Clock clock;
  const GpuMonitor* gpu = nullptr;  // may be null
  // Where a pass begins.
  std::function<void(std::string_view pass)> on_pass = [](std::string_view) {};
};

struct Sample {
  double seconds = 0;       // a step
  std::string disturbance;  // "" for one that counts
};

struct PhaseSamples {
  std::string phase;
  int64_t module = -1;  // -1: the phase as a whole, over all modules where each has its own
  std::vector<double> seconds;
};

struct MemoryUse {
  int64_t parameter_bytes = 0, optimizer_bytes = 0;
  int64_t above_bytes = 0;  // peak of a step, above these two and whatever was there before: batch and other
                            // tensors; -1 where that is not countable
};

struct Measurement {
  Contender contender;
  bool stationary = false;           // whether the warm-up ended because the times had settled
  std::vector<Sample> latency;       // one a round: equally many for all contenders
  std::vector<PhaseSamples> phases;  // of undisturbed steps; of all, when fewer than five were
  bool phases_trusted = true;        // false: of all
  double gradient_sum = 0;           // seconds to add one [B, D] to another, as devices that share an extractor must
  MemoryUse memory;
};

// In the order of `contenders`.
absl::StatusOr<std::vector<Measurement>> Measure(const Harness& harness, const std::vector<Contender>& contenders);

// Memory alone, for any device whose bytes are counted.
absl::StatusOr<MemoryUse> MeasureMemory(const Contender& contender, const Problem& problem, at::Device device);

// Samples both of whose rounds count, as pairs; all of them, and `*trusted` false, when fewer than five do.
struct Pairs {
  std::vector<double> first, second;
  bool trusted = true;
};
Pairs PairsOf(const std::vector<Sample>& first, const std::vector<Sample>& second);

}  // namespace sid
