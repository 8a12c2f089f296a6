#pragma once

// A stand-in for a CUDA graph, on the CPU: the operators that the work asks LibTorch's dispatcher for, below autograd, are recorded with their
// arguments, and a replay calls them again and writes their results into the tensors that the recording made. As on a GPU
//
//   - numbers of the host are those of the recording, and so is memory
//   - memory from before the recording that nobody has kept is lost: it holds NaN
//   - the host must read no number of the device: item() throws
//
// The first kWarmRuns runs are as they are. What is not an operator (a write to data_ptr) is not seen.

#include <memory>

#include "base/machine/cuda_graph.h"

namespace sid {

std::unique_ptr<Graph> MakeGraphForTests();

}  // namespace sid
