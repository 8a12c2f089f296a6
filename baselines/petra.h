#pragma once

// PETRA (Rivaud et al. 2025, ICLR): stages side by side on a reversible network. Gradients come late, and are those of the weights of the day:
// a stage keeps neither old weights nor, where its block is reversible, what it was given, which it finds again from what it handed on.
//
//   stage j = 1 .. J: block j, the last one read-out and head. In tick t all stages at once, with w_j as the tick finds it:
//
//     forward    h_j = F_j(h_j-1; w_j)                   of batch t - j: what stage j - 1 handed on a tick before
//     back       x = F_j^-1(h_j; w_j), or x as kept      of batch t - j - 2 (J - j): h_j and d_j, which stage j + 1 handed back a tick before
//                d_j-1, g_j = d_j d F_j(x; w_j) / d (x, w_j)               x and d_j-1 go back to stage j - 1
//     update     w_j by g_j
//
// So g_j is 2 (J - j) ticks late: the last stage goes forward and back in one tick. Alone on its way a batch meets the same weights back as
// forth, and its gradients are backpropagation's, but for the inverse's rounding.
//
// What travels: h forward, h and d back. What is stored: of a block that is not reversible (RevNet-18's first one and the three that halve
// maps) the inputs of 2 (J - j) ticks; of each batch under way what it showed. Running statistics move in the forward pass alone.
//
// Deviations: the weights' gradients are not summed over ticks (the paper's k is 1 here); the pipeline is drained, so that no checkpoint has a
// batch under way, where a state is kept or looked at and at an epoch's end, after which gradients are less late for 2 J ticks.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "baselines/peer.h"
#include "training/pipeline.h"

namespace sid {

// InvalidArgument for a network without a reversible block.
absl::Status ValidatePetra(const Network& network);

class PetraLearner : public Peer {
 public:
  // Takes the initialised network, of one stage with one head, that ValidatePetra accepts.
  PetraLearner(Network network, const PeerOptions& options, const OptimizerOptions& optimizer);

  std::string name() const override { return "petra"; }

  // A batch alone on its way: no gradient is late. Capturable; what MakePetraPipeline makes is not, whose host counts ticks and moves queues.
  StepResult Step(const Batch& batch, const at::Tensor& learning_rate, PhaseTimer& timer) override;
  using Learner::Step;

  // What a batch showed that has been through all stages and back.
  struct Ended {
    StepResult result;
    at::Tensor labels;
  };
  // The next tick's batch for stage 1.
  void Enter(const Batch& batch);
  // A tick of all stages that have something to do.
  std::optional<Ended> Tick(const at::Tensor& learning_rate, PhaseTimer& timer);
  bool has_batches() const { return under_way_ > 0; }

 private:
  // Handed on ...
  struct Forth {
    at::Tensor h, labels;
  };
  // ... and back: what a stage had handed on, and d l / d of it. Undefined: nothing has come.
  struct Back {
    at::Tensor h, gradient;
  };
  void GoForth(size_t block, const Forth& given);
  std::vector<at::Tensor> GoBack(size_t block, const Back& given);
  std::vector<at::Tensor> TurnRound(const Forth& given);

  std::vector<Forth> forth_;                  // to each stage, from the tick before
  std::vector<Back> back_;                    // to each block's stage
  std::vector<std::deque<at::Tensor>> kept_;  // inputs of each block's stage, the oldest first
  std::deque<Ended> shown_;                   // of batches on their way back
  int64_t under_way_ = 0;
};

// The pipeline that takes the steps of `learner`, which outlives it: a tick begins one. On one device and one thread.
std::unique_ptr<Pipeline> MakePetraPipeline(PetraLearner& learner);

}  // namespace sid
