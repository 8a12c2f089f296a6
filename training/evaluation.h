#pragma once

// How good every depth's belief is, on examples that are not trained on.
//
//   images --Predict--> log p_0 .. log p_L --> accuracy, mean D(y, p_i), mean loss, by depth

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/machine/cuda_graph.h"
#include "data/dataset.h"
#include "sid/belief/divergence.h"
#include "sid/learner/learner.h"

namespace sid {

struct EvaluationOptions {
  Divergence divergence = Divergence::kForward;
  double smoothing = 0;  // of the target y in D(y, p_i)
  int64_t batch_size = 500;
  at::ScalarType type = at::kFloat;  // of the images, as BatchOptions'
};

// Entry i-1 is depth i. Empty where there were no examples.
struct DepthMetrics {
  std::vector<double> accuracy;    // fraction whose most believed class is the label
  std::vector<double> divergence;  // mean D(y, p_i), nats
  std::vector<double> loss;        // mean of the learner's loss there; NaN where it has none
};

// May be null.
using BeliefsOfBatch = std::function<void(const Batch& batch, const at::Tensor& log_beliefs)>;

// For examples that are looked at again and again. On a GPU whole batches can run as one CUDA graph, with the place of the first
// example on the device.
class Evaluator {
 public:
  // `examples` on the learner's device; the learner outlives it. Without a graph every batch is plain.
  Evaluator(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
            const EvaluationOptions& options, std::unique_ptr<Graph> graph = nullptr);

  // One pass with the learner's weights of now; nothing is kept of it but the sums. A batch that `look` sees is plain.
  DepthMetrics Measure(const BeliefsOfBatch& look = nullptr);

 private:
  // Adds a batch to the sums.
  void Add(const Batch& batch, const BeliefsOfBatch& look = nullptr);
  // The same of the batch that begins at begin_: everything the graph holds.
  void AddFromDevice();
  DepthMetrics Means() const;

  const Learner& learner_;
  Examples examples_;
  ChannelStatistics statistics_;
  EvaluationOptions options_;
  std::unique_ptr<Graph> graph_;  // may be null
  at::Tensor begin_;              // int64 scalar on the device
  at::Tensor sums_;  // double [L accuracies, L divergences, LossDepths losses], over the examples of this pass
};

// One pass and no other. `look` sees each batch, and its log p_0 .. log p_L [L+1, B, C]: what else is asked of the same examples needs no
// second pass.
DepthMetrics Evaluate(const Learner& learner, const Examples& examples, const ChannelStatistics& statistics,
                      const EvaluationOptions& options, const BeliefsOfBatch& look = nullptr);

}  // namespace sid
