#pragma once

// A pipeline whose workers are the ranks (pipeline/ranks.h), in the order of their numbers: rank 0 trains, the others serve it.
//
//   rank k --features, belief, labels--> rank k + 1        every rank --numbers of each step, its state where asked for--> rank 0
//
// Each rank has the whole network in memory and runs its own stages. Rank 0's is the state of all after Drain: it alone evaluates and saves.

#include <memory>

#include "absl/status/status.h"
#include "pipeline/ranks.h"
#include "sid/learner/sid_learner.h"
#include "training/pipeline.h"
#include "training/watch.h"

namespace sid {

// Rank 0's. Both outlive it; with it ends what the other ranks do. It may throw RankLost.
std::unique_ptr<Pipeline> MakeRankPipeline(Ranks& ranks, SidLearner& learner, Watched watched = Watched::kAll);

// What another rank does, with the same watched, until rank 0's pipeline ends. An error where the training has failed. It may throw RankLost.
absl::Status ServeRank(Ranks& ranks, SidLearner& learner, Watched watched = Watched::kAll);

}  // namespace sid
