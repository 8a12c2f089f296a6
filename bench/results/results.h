#pragma once

// What a run of the benchmark found, ready to be shown and kept: measurements reduced to medians with intervals, and the three
// speedups, each under its own name.
//
//   Measurement (samples) --Reduce--> Results --> JSON (all of it), Markdown (for people)

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/contenders/contender.h"
#include "bench/harness/harness.h"
#include "bench/speedup/model.h"
#include "bench/statistics/statistics.h"

namespace sid {

struct PhaseResult {
  std::string phase;
  int64_t module = -1;  // -1: the whole phase
  Summary seconds;
};

struct ContenderResult {
  Contender contender;
  Summary step;                                 // seconds
  int64_t discarded = 0;                        // samples of the latency
  std::map<std::string, int64_t> disturbances;  // ... by what disturbed them
  bool stationary = true;
  bool trusted = true;  // false: so many samples were disturbed that all were used
  std::vector<PhaseResult> phases;
  bool phases_of_replays = false;  // else of plain steps
  double gradient_sum = 0;         // seconds
  MemoryUse memory;
};

// Wall clock against wall clock: how many times faster `of` is than `over`, from pairs. Below 1 it is slower.
struct MeasuredSpeedup {
  std::string of, over;  // labels
  Summary ratio;
  bool trusted = true;
};

// Computed from the times of a contender whose modules have phases of their own.
struct ModelledSpeedup {
  struct OnDevices {
    int64_t devices = 0;
    double speedup = 0;
  };
  std::string label;
  int64_t depth = 0;
  double phase_1 = 0, phase_2 = 0;                            // seconds: extractor forward and teachers; local updates
  double slowest_module = 0, all_modules = 0, optimizer = 0;  // seconds; a module's share of the optimizer's is in both
  double theoretical = 0;
  std::vector<OnDevices> critical_path;  // at 1, 2, 4 .. L devices, each with the best balanced partition
  Placement partition;  // the one that was asked for, and its speedup; empty where it does not fit this depth
  double of_partition = 0;
};

// A pipeline with a device or a core for each stage takes as long as its slowest stage alone; where stages share a GPU that is a bound,
// which their sum over the number of stages is as well.
struct ModelledPipeline {
  std::string label, serial;   // of the pipeline, and of whose plain steps the stages' times are
  std::vector<double> stages;  // seconds
  double predicted = 0;        // the slowest
  Summary measured;            // seconds a step
};

struct Results {
  nlohmann::ordered_json environment, settings;
  std::vector<std::string> warnings;
  double timer_seconds = 0;  // the cost of timing one phase
  std::vector<ContenderResult> contenders;
  std::vector<MeasuredSpeedup> measured;
  std::vector<ModelledSpeedup> modelled;
  std::vector<ModelledPipeline> pipelines;
};

// The devices that the critical path imagines.
struct ModelledDevices {
  Link link;
  Placement partition;  // looked at besides the balanced ones, for networks of as many modules; may be empty
};

// Fills contenders, measured (every pair of contenders of one depth and batch), modelled and pipelines.
void Reduce(const std::vector<Measurement>& measurements, const Problem& problem, const ModelledDevices& devices,
            uint64_t seed, Results* results);

}  // namespace sid
