#pragma once

// SID behind the Learner interface: one stage after the other, each of which takes the features and the belief of the one before,
// updates itself and hands on.
//
//   x --stage 1--> h_1, p --stage 2--> h_2, p --> ...          forward, backward, update, free: one stage before the next
//
// On the paper's network, one stage, it is the paper's algorithm. With alpha = 1 and heads without belief input it is decoupled
// greedy learning (Belilovsky et al. 2020): `dgl`.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sid/learner/learner.h"
#include "sid/learner/options.h"
#include "sid/learner/stage_learner.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

// That the numbers are in range and belong together: clipping needs the norm of all gradients of a stage, of which chunks have a
// part; batched needs mlp heads, cuda a GPU with room for them.
absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer, const Network& network);

// Takes the initialised network, on its device. All options must be valid, `options` for the network's depth. `name` as --learner has
// it.
std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, ExecutorOptions executor,
                                        const OptimizerOptions& optimizer, const std::string& name = "sid");

}  // namespace sid
