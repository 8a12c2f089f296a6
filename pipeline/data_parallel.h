#pragma once

// Data-parallel backpropagation, as DistributedDataParallel does it (Li et al. 2020): each rank has a share of every batch.
//
//   rank 0: batch --shares--> ranks        each: forward, back --gradients, in buckets, summed while the way back goes on--> the same step
//
// A share's loss is divided by the whole batch's examples, so the sum over ranks is the gradient of the batch's mean, up to rounding; all
// ranks have the same bits. Batch normalisation normalises each share by itself; running statistics are those of rank 0's shares. Shares
// differ by at most one example; a rank without one adds zeros.

#include <cstdint>
#include <memory>

#include "baselines/backpropagation.h"
#include "pipeline/joint_steps.h"

namespace sid {

// Of a bucket: small ones pay for each message, large ones begin late.
inline constexpr int64_t kBucketBytes = 4 << 20;

// Both outlive it.
std::unique_ptr<JointPart> MakeDataParallel(Ranks& ranks, const BackpropagationLearner& learner,
                                            int64_t bucket_bytes = kBucketBytes);

}  // namespace sid
