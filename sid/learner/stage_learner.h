#pragma once

// One stage (sid/network/network.h) that trains by itself: its blocks, and the heads on them.
//
//   in: features, log q, log y --blocks--> h --read-out--> z --chunk 1 of the heads--> its update --log p--> chunk 2 --> ...
//   out: h, log p of its last head, log y: the values before the update       each adds its part of d l / d z
//   d l / d z --the blocks' way back, once--> the blocks' update
//
// What comes in has no graph and what goes out has none: no gradient leaves a stage. What training keeps in memory is one stage's.
//
// With SidOptions::overlap a stage runs the last block of the one before again, in front of its own, and gives the gradients of that block's
// weights back; they end at the block's input:
//
//   in: the block's input, log q, log y --borrowed block--> own blocks --> ...        d l / d (borrowed block) --> the stage before

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/machine/precision.h"
#include "sid/cascade/batched.h"
#include "sid/learner/learner.h"
#include "sid/learner/options.h"
#include "sid/network/network.h"
#include "sid/optimizer/optimizer.h"

namespace sid {

// How the heads are updated. Executors differ in speed and memory only: the weights after a step are equal, within rounding.
//
//   serial   the literal algorithm with autograd (sid/learner/serial_update.h), everyone's reference; heads of every kind
//   batched  mlp heads in closed form, all of a chunk at once (sid/cascade/batched.h), on LibTorch's operations
//   cuda     the same with the belief chain as one kernel (sid/cascade/kernel/chain.h), on a GPU
//   auto     cuda where it works, else batched where it works, else serial: by device and shape, never by a clock
enum class Executor { kAuto, kSerial, kBatched, kCuda };

std::vector<std::string> ExecutorNames();
absl::StatusOr<Executor> ParseExecutor(const std::string& name);

struct ExecutorOptions {
  Executor executor = Executor::kAuto;
  // batched and cuda: heads at a time, 0 for all. With chunks, the memory above weights and optimizer state does not grow with
  // depth: a chunk is updated before the next one is looked at, and both share one chunk's activations and gradients. Only
  // PCGrad, which compares all heads' gradients by z, keeps these: [n, B, D].
  int64_t chunk = 0;
  Precision precision = Precision::kFp32;
  // On a GPU: a stage's way back and last update run beside the next stage's forward pass, and memory is that of all stages. The weights
  // are the same.
  bool streams = false;
};

// What `auto` is for this network.
Executor Resolve(const ExecutorOptions& executor, const Network& network);

// All that a stage needs of the one before it.
struct Hand {
  at::Tensor features;    // x or h [B, ...]; with overlap, h's block is yet to run on it
  at::Tensor log_belief;  // [B, C]
  at::Tensor log_y;       // the target [B, C]
};

struct StageResult {
  Hand hand;
  at::Tensor losses;                   // l_i of its modules, mean over the batch [n]
  at::Tensor features;                 // z
  std::vector<at::Tensor> given_back;  // with overlap: gradients of what learns in the last block of the stage before
};

class StageLearner {
 public:
  // Gets the result's hand. Without overlap it is called as soon as that is there, before the blocks' way back and the last update, so that
  // the next stage can begin. With overlap it comes after the way back, runs the next stage's step and returns what that gives back.
  using HandOn = std::function<std::vector<at::Tensor>(const Hand&)>;

  // `options.alphas` are those of all modules of the network. `executor` is not auto. `before`: the stage before this one, needed for its
  // last block with overlap; null for the first stage.
  StageLearner(Stage stage, const SidOptions& options, const ExecutorOptions& executor,
               const OptimizerOptions& optimizer, const Stage* before = nullptr);

  StageResult Step(
      const Hand& in, const at::Tensor& learning_rate, PhaseTimer& timer,
      const HandOn& hand_on = [](const Hand&) { return std::vector<at::Tensor>(); });

  // Its weights, its running statistics and what its optimizer remembers: the same tensors whatever the chunks.
  std::vector<NamedTensor> State() const;

 private:
  struct Chunk {
    int64_t begin = 0, end = 0;  // its heads within the stage
    Cascade heads;               // views into the network
    Cascade gradients;           // the same memory for all chunks
    // The stage's, of these heads; the last one's moves the blocks too: without chunks there is one, and its clipping sees everything.
    Optimizer optimizer;
  };

  // Whether each head's d l_i / d z is written for itself, not added to the others'.
  bool WritesApart() const { return options_.compares_gradients() || executor_ == Executor::kSerial; }
  // What the heads' update fills: zeros for their sum [B, ...], room for each one's own [n, B, ...] where they are written apart, or
  // nothing where the blocks do not learn.
  at::Tensor EmptyFeaturesGradient(const StepInputs& inputs) const;
  ChunkResult UpdateHeads(const Chunk& chunk, const StepInputs& inputs, const at::Tensor& log_q, PhaseTimer& timer,
                          const at::Tensor& features_gradient) const;
  // The blocks' forward pass in training, the borrowed one's first, on leaves where the blocks learn.
  BodyResult BodyForward(const Stage& leaves, const Stage& borrowed, const Hand& in, PhaseTimer& timer) const;
  // The gradients of what learns in the blocks and then in the borrowed one, from d l / d z as UpdateHeads left it.
  std::vector<at::Tensor> BodyBackward(const at::Tensor& features, const Stage& leaves, const Stage& borrowed,
                                       at::Tensor features_gradient, PhaseTimer& timer) const;

  Stage stage_;
  SidOptions options_;  // alphas: of its own modules
  Executor executor_;
  Optimizer optimizer_;  // of all that learns: chunks share it, so what it remembers does not tell them
  at::ScalarType compute_type_;
  at::Tensor alphas_;  // [n]
  bool body_learns_;
  Stage borrowed_;  // with overlap, the last block of the stage before and nothing else; without, nothing
  // How many tensors learn in the body, and in its blocks but the last.
  std::ptrdiff_t body_size_ = 0, last_block_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace sid
