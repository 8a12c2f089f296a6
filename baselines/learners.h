#pragma once

// Every learner by name. A new one is added here: what it is, and how it is made from a network.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "baselines/backpropagation.h"
#include "sid/learner/learner.h"
#include "sid/learner/sid_learner.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

// What a learner is, for those who prepare its network and show what it did.
struct LearnerKind {
  std::string name;
  bool local_losses = false;  // each module has the local loss of SID, by an executor
  bool one_module = false;    // trains one module that owns all blocks, whatever partition is asked for
  bool sees_belief = true;    // false: its heads take no belief as their input, whatever is asked for
  bool target_alone = false;  // its modules' losses are those of alpha = 1
  bool reversible = false;    // trains networks with reversible blocks alone, by a pipeline of its own (petra.h)
  bool over_ranks = false;    // its one graph can be taken apart over processes (pipeline/data_parallel.h, gpipe.h)
};

// sid; dgl; bp and its kind (baselines/backpropagation.h); the peers (baselines/peer.h, docs/peers.md).
const std::vector<LearnerKind>& LearnerKinds();
std::vector<std::string> LearnerNames();
// InvalidArgument, with the nearest, for another name.
absl::StatusOr<LearnerKind> FindLearner(const std::string& name);

// The partition that this learner trains when the user asks for `partition`.
Partition PartitionFor(const LearnerKind& kind, const Partition& partition);

struct LearnerOptions {
  SidOptions sid;            // alphas for the network's depth
  ExecutorOptions executor;  // of local losses; its precision is everybody's
  double inner_weight = 1;   // BackpropagationOptions'
  bool recompute = false;
  OptimizerOptions optimizer;
  uint64_t seed = 1;  // of what peers draw besides the network's weights
};

// Takes the initialised network, on its device, partitioned and with heads as its kind wants them.
absl::StatusOr<std::unique_ptr<Learner>> MakeLearner(const std::string& name, Network network,
                                                     const LearnerOptions& options);

}  // namespace sid
