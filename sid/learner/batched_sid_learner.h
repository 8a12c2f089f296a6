#pragma once

// SID with the batched executors:
//
//   x --extractor, once--> z --chunk 1--> its update --log p--> chunk 2 --> ...     each adds its part of d l / d z
//   d l / d z --extractor backward, once--> the extractor's update

#include <cstdint>
#include <vector>

#include "sid/learner/sid_learner_base.h"
#include "sid/optimizer/optimizer.h"
#include "sid/update/belief_chain.h"

namespace sid {

class BatchedSidLearner : public SidLearnerBase {
 public:
  // `chunk` modules at a time, 0 for all; `run_chain` tells the executors apart.
  BatchedSidLearner(Network network, SidOptions options, BeliefChain run_chain, int64_t chunk, Precision precision,
                    const OptimizerOptions& optimizer);

  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override;
  std::vector<Parameter> OptimizerState() const override;

 private:
  struct Chunk {
    int64_t begin, end;  // its modules
    Cascade modules;     // views into the network
    at::Tensor alphas;   // [n]
    Cascade gradients;   // the same memory for all chunks
  };

  // What BatchedUpdate fills: zeros for the modules' sum [B, D], room for each one's own [L, B, D] where they are compared, or
  // nothing where the extractor does not learn.
  at::Tensor EmptyFeaturesGradient(const StepInputs& inputs) const;
  // z [B, D] of the products' type, with a graph where the extractor learns.
  at::Tensor ExtractorForward(const at::Tensor& images, PhaseTimer& timer) const;
  // The extractor's gradients, in the order of its parameters, from d l / d z as BatchedUpdate left it.
  std::vector<at::Tensor> ExtractorBackward(const at::Tensor& features, at::Tensor features_gradient,
                                            PhaseTimer& timer) const;

  BeliefChain run_chain_;
  std::vector<at::Tensor> extractor_weights_;
  std::vector<Chunk> chunks_;
  // One for each chunk, the last one's with the extractor: without chunks there is one, and its clipping sees everything.
  std::vector<Optimizer> optimizers_;
};

}  // namespace sid
