#pragma once

// Steps that all ranks take together, each its part, at the word of rank 0: data-parallel backpropagation and GPipe.
//
//   rank 0: Begin(batch) --what each rank's part needs of it--> every rank: JointPart::Step --its numbers--> summed to the step's row
//
// A step begins where the one before has ended everywhere. Rank 0's is the state of all after Drain: it alone evaluates and saves.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/ranks.h"
#include "sid/learner/learner.h"
#include "training/pipeline.h"
#include "training/watch.h"

namespace sid {

// Of a step, on one rank.
class JointPart {
 public:
  // What this rank adds to the row (training/watch.h): a loss and what else it knows; the rest undefined or empty.
  struct Seen {
    StepResult result;
    at::Tensor labels;  // of its log belief
  };

  virtual ~JointPart() = default;
  // What rank `rank` is sent of a batch.
  virtual std::vector<at::Tensor> Needs(const Batch& batch, int rank) const = 0;
  // It may throw RankLost.
  virtual Seen Step(const std::vector<at::Tensor>& needs, const at::Tensor& learning_rate) = 0;
  // Of the learner's state: what rank `rank` alone has after a step and rank 0 must fetch; whose numbers this rank adds to the row.
  virtual std::vector<NamedTensor> OwnState(int rank) const = 0;
  virtual std::vector<NamedTensor> Watches() const = 0;
  // Bytes so far, from this rank to others.
  virtual int64_t sent() const = 0;
};

// Rank 0's. All outlive it; with it ends what the other ranks do. It may throw RankLost.
std::unique_ptr<Pipeline> MakeJointPipeline(Ranks& ranks, const Learner& learner, std::unique_ptr<JointPart> part,
                                            Watched watched = Watched::kAll);

// What another rank does, with the same watched, until rank 0's pipeline ends. An error where the training has failed. It may throw RankLost.
absl::Status ServeJointly(Ranks& ranks, const Learner& learner, JointPart& part, Watched watched = Watched::kAll);

}  // namespace sid
