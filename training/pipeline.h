#pragma once

// Who takes a learner's steps in its place, several at a time: a step begins while those before it are still under way.
//
//   Begin(batch t) --> rows (training/watch.h) of steps that have ended, oldest first
//
// The steps are those of Learner::Step, to the bit; only when each of them has ended is another matter. But for pipelines that are not exact,
// as petra's, whose gradients come late: their steps depend on when they are drained, which the trainer does at the same steps in every run.

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/batches/batches.h"

namespace sid {

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Begins the next step.
  virtual std::vector<at::Tensor> Begin(const Batch& batch, double learning_rate) = 0;

  // Waits for all steps that have begun. Afterwards the learner's State() is the one after them, until another begins.
  virtual std::vector<at::Tensor> Drain() = 0;

  // Whether the steps are the same whenever they are drained.
  virtual bool is_exact() const { return true; }

  // The learner's State() has been written, with no step under way: the next one begins from it.
  virtual void TakeState() = 0;

  // What processes have sent each other for a step, in bytes, all of them together, up to the last Drain: features, gradients, batches, not
  // what is only looked at. 0 within one process.
  virtual double BytesPerStep() const { return 0; }
};

}  // namespace sid
