#pragma once

// What --executor=auto means.

#include "base/machine/precision.h"
#include "sid/learner/sid_learner.h"
#include "sid/network/network.h"
#include "sid/update/belief_chain.h"
#include "sid/update/options.h"

namespace sid {

// On the CPU batched. On a GPU batched or cuda: both run the belief chain of the first `chunk` modules (0: of all), captured as a CUDA
// graph, on made-up features, and cuda is chosen if it gives the same and takes less time. As that depends on a clock and the two
// differ by rounding, deterministic mode always chooses batched.
Executor FastestExecutor(const Network& network, const SidOptions& options, Precision precision, int64_t chunk = 0);

// Whether two belief chains give the same hidden units, losses and gradients on `examples` made-up examples, within `tolerance` of
// their norm. On the modules' device.
bool ChainsAgree(BeliefChain first, BeliefChain second, const Cascade& modules, const SidOptions& options,
                 int64_t examples, double tolerance);

}  // namespace sid
