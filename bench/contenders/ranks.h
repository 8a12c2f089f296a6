#pragma once

// Contenders whose workers are processes of this machine, a rank each (pipeline/ranks.h): the one that measures is rank 0, and starts the others, which
// are the same program with the same flags and serve it.
//
//   //:bench --flags, RANK, WORLD_SIZE, MASTER_PORT, a label--> //:bench as rank 1: Serve(the contender of that label)
//
//   ranks           local losses: a pipeline of processes, a stage each
//   data-parallel   bp: each rank a share of the batch
//   gpipe           bp: each rank a run of blocks, which kMicroBatches pieces of the batch pass

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/contenders/contender.h"
#include "sid/learner/learner.h"
#include "training/pipeline.h"

namespace sid {

// Of GPipe, at most one an example. Its paper asks for four a rank to keep the bubble small; on a CPU smaller pieces cost more than that gains.
inline constexpr int64_t kMicroBatches = 4;

bool IsOverRanks(const Contender& contender);

// As many ranks as the contender's depth. With the pipeline they end. FailedPrecondition or Unavailable where they do not join.
absl::StatusOr<std::shared_ptr<Pipeline>> StartRanks(const Contender& contender, Learner& learner);

// Whom this process serves as a rank other than 0; "" where it is the one that measures.
std::string ServedLabel();

// Until rank 0's pipeline ends.
absl::Status Serve(const Contender& contender, const Problem& problem);

}  // namespace sid
