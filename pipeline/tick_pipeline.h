#pragma once

// A pipeline on one device, in ticks: worker k takes the batch that worker k - 1 had a tick before.
//
//   tick t      worker 1: batch t      worker 2: batch t - 1      ...      worker K: batch t - K + 1        side by side on a GPU
//   at its end  what each handed on becomes the input of the next one; the row of step t - K + 1 is whole
//
// Inputs, rows and learning rates lie in the same memory for all ticks, so one in which every worker has a batch can be captured as a CUDA
// graph, in which the workers are branches. Nothing is done twice and nothing waits: what K batches under way cost is their inputs' memory.

#include <cstdint>
#include <memory>

#include "base/machine/cuda_graph.h"
#include "sid/learner/sid_learner.h"
#include "training/pipeline.h"

namespace sid {

// `learner` outlives it; `workers` is from 2 to the number of its stages. Without a graph every tick is issued anew. Batches of another size
// than the first one's take their step alone, with none under way.
std::unique_ptr<Pipeline> MakeTickPipeline(SidLearner& learner, int64_t workers,
                                           std::unique_ptr<Graph> graph = nullptr);

}  // namespace sid
