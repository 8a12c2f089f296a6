#pragma once

// Batches of a data set that lies on its device as bytes: chosen, augmented and normalised there, all images at once.
//
//   StartEpoch: (seed, epoch) --> order [N], view of each [N] --one copy--> device
//   Get:        step --> its part of both --> images [B] of the set --> their views --> (x - mean) / deviation
//
// A batch depends on (seed, epoch, step) alone and costs no copy from the host.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "data/batches/augmentation.h"
#include "data/dataset.h"

namespace sid {

struct Batch {
  at::Tensor images;  // [B, channels, height, width], normalised, channels-last in memory
  at::Tensor labels;  // int64 [B]
};

struct BatchOptions {
  int64_t batch_size = 128;
  uint64_t seed = 1;
  Augmentation augmentation;
  at::ScalarType type = at::kFloat;  // of the images; normalised in float, then rounded
};

// For training: every example once an epoch, in an order and with an augmentation of that epoch.
class ShuffledBatches {
 public:
  // `examples` already lie on their device and are at least one; they are shared, not copied.
  ShuffledBatches(Examples examples, const ChannelStatistics& statistics, BatchOptions options);

  int64_t steps_per_epoch() const;  // the last batch may be smaller

  // Comes before the first Get. The epochs need not be started in order.
  void StartEpoch(int64_t epoch);

  // Batch number `step`, in [0, steps_per_epoch()), of the epoch started last.
  Batch Get(int64_t step) const;

  // Whether batch number `step` has the full size.
  bool IsWhole(int64_t step) const { return (step + 1) * options_.batch_size <= examples_.size(); }
  // The same as Get of a whole batch, for a number that lies on the device (int64, scalar), whatever the host knows of it: what
  // a CUDA graph can hold. Orders are drawn into the same memory each epoch, so a graph need not be captured again.
  Batch GetWhole(const at::Tensor& step) const;

  at::Device device() const { return examples_.images.device(); }

 private:
  // The batch of the epoch's examples at `places`, int64 [B].
  Batch AtPlaces(const at::Tensor& places) const;

  Examples examples_;
  BatchOptions options_;
  at::Tensor mean_, deviation_;  // float [1, channels, 1, 1]
  at::Tensor places_;            // 0 .. batch_size - 1
  at::Tensor views_;             // as AugmentationViews; undefined without augmentation
  at::Tensor order_;             // int64 [N]: the example at each place of the epoch
  at::Tensor view_;              // int64 [N]: the view of it that is shown
  at::Tensor centre_;            // int64 [N]: the middle pixel of its cutout
};

// For evaluation: examples [begin, end) in order, not augmented.
Batch OrderedBatch(const Examples& examples, const ChannelStatistics& statistics, int64_t begin, int64_t end,
                   at::ScalarType type = at::kFloat);

}  // namespace sid
