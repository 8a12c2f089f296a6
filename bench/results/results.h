#pragma once

// What a run of the benchmark found: measurements reduced to medians with intervals, and the three speedups, each under its own name.
//
//   Measurement (samples) --Reduce--> JSON, the record, whose fields bench/README.md explains --ToMarkdown--> tables for people

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/contenders/contender.h"
#include "bench/harness/harness.h"
#include "bench/speedup/model.h"

namespace sid {

// Raised when a reader of the old files would misread new ones.
inline constexpr int kSchema = 1;

// contenders; measured_speedups, wall clock against wall clock, of every pair of contenders of one depth and batch, from pairs of samples;
// modelled_speedups, of contenders whose modules share an extractor and have phases of their own, on several devices; and
// modelled_pipelines beside the measured ones.
nlohmann::ordered_json Reduce(const std::vector<Measurement>& measurements, const Problem& problem,
                              const Link& link = {});

// Of steps, phases, memory and the speedups that there are.
std::string ToMarkdown(const nlohmann::ordered_json& results);

}  // namespace sid
