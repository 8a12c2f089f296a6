#pragma once

// Pipelined backpropagation (GPipe, Huang et al. 2019): each rank has a run of the blocks, and a batch passes them in micro-batches.
//
//   time →   rank 1   f1 f2 f3          b3 b2 b1 | step          f: forward, h --> the next rank
//            rank 2      f1 f2 f3    b3 b2 b1    | step          b: back, d loss / d h --> the rank before
//            rank 3         f1 f2 f3 b3 b2 b1    | step
//
// Gradients of the micro-batches are added up; after the last one each rank takes one step of the optimizer. So they are those of the whole
// batch, up to rounding, and no rank begins the next batch before this one has left the pipeline. Batch normalisation normalises each micro-batch
// by itself, and moves the running statistics by each.

#include <cstdint>
#include <memory>

#include "baselines/backpropagation.h"
#include "pipeline/joint_steps.h"

namespace sid {

// At most as many micro-batches as a batch has examples; at most as many ranks as blocks. Both outlive it.
std::unique_ptr<JointPart> MakeGPipe(Ranks& ranks, const BackpropagationLearner& learner, int64_t micro_batches);

}  // namespace sid
