#pragma once

// Looks at a network while it trains, on one fixed batch, and leaves training as it is: the weights after a probed run have
// the bits of an unprobed one.
//
//   BeforeStep:  x -> z -> p_0 .. p_L --> quantities (sid/theory/quantities.h), what each module asks of z, norms
//   ( the learner's step )
//   AfterStep:   x -> z -> p_0 .. p_L --> how far the step moved the teachers
//
// Cost: two forward passes of the batch, and for SID the heads' way back once; no way back of an extractor that modules share.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "data/batches/batches.h"
#include "data/dataset.h"
#include "sid/learner/learner.h"
#include "sid/learner/options.h"
#include "sid/theory/conflict.h"
#include "sid/theory/quantities.h"

namespace sid {

struct ProbeOptions {
  Divergence divergence = Divergence::kForward;
  std::vector<double> alphas;  // a_1 .. a_L
  double smoothing = 0;        // of the target
  // Whether the modules have the local losses of SID, whose gradients are then looked at.
  bool local_losses = true;
  ExtractorGradient extractor_gradient = ExtractorGradient::kSum;  // what the extractor makes of them
};

// Lists go over modules, from 1 to L, unless said otherwise.
struct ProbeRecord {
  int64_t step = 0;  // counted from 0 over all epochs: the weights before it, and its effect
  QuantitySummary theory;
  std::vector<double> accuracy;     // of p_i
  std::vector<double> staleness;    // mean D(q_i before the step, q_i after it) of module i's teacher; 0 for the first
  std::vector<double> weight_norm;  // |theta_i|
  // With local losses only; empty otherwise. The conflict where modules share their features.
  std::vector<double> gradient_norm;  // |d l_i / d theta_i|
  std::vector<double> active;         // fraction of module i's hidden units that any sample activates
  Conflict conflict;
};

// At most `count` examples, spread evenly over all of them, as one batch.
Batch ProbeBatch(const Examples& examples, const ChannelStatistics& statistics, int64_t count);

class Probe {
 public:
  // The learner outlives it; `batch` is on its device.
  Probe(const Learner& learner, Batch batch, ProbeOptions options);

  void BeforeStep();
  // After the step that followed BeforeStep; waits for the device.
  ProbeRecord AfterStep(int64_t step);

 private:
  const Learner& learner_;
  Batch batch_;
  ProbeOptions options_;
  at::Tensor log_beliefs_;  // before the step [L+1, B, C]
  ProbeRecord record_;
};

}  // namespace sid
