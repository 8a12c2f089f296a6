#pragma once

// What a benchmark runs: one way to train one network. This is the one place of bench/ that knows how a learner is made; all
// else knows Learner and PhaseTimer.

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "data/batches/batches.h"
#include "sid/learner/learner.h"
#include "training/pipeline.h"

namespace sid {

// What is trained: the same for all contenders of a run.
struct Problem {
  bool extractor = true;  // false: the cascade alone, on features [B, D] that are given
  int64_t classes = 100;
  int64_t channels = 3, side = 32;  // of the images, which are square
  int64_t features = 128;           // D
  int64_t hidden = 256;             // H
};

struct Contender {
  std::string learner = "sid";
  std::string network = "simple-cnn";
  int64_t width = 0;                 // of its first block; 0 for the published one
  std::string partition = "shared";  // as --partition: even and lean alone split among `depth` modules
  std::string head = "mlp";
  std::string executor = "batched";  // of local losses; the others have no choice
  int64_t chunk = 0;
  // Of local losses, how the stages of a network run: serial, streams (a stage's way back beside the next one's forward pass), pipeline (each
  // on the batch that the one before had a step ago) or ranks (the same with a process each). Of bp, over as many processes as `depth` says:
  // data-parallel or gpipe (bench/contenders/ranks.h).
  std::string schedule = "serial";
  bool recompute = false;  // of backpropagation
  std::string precision = "fp32";
  bool captured = false;  // on a GPU: its steps are replayed as a CUDA graph
  int64_t threads = 0;    // of the CPU, of each worker where a pipeline has several; 0: as the process has
  int64_t depth = 4;      // L
  int64_t batch = 128;    // B
};

// "sid/batched/chunk 4", "bp-chain/bf16/captured", "dgl/resnet18/even/serial": all but the depth and the batch.
std::string Name(const Contender& contender);

// Name, depth and batch: no two different contenders share it.
std::string Label(const Contender& contender);

// An error names what is unknown or does not fit.
absl::StatusOr<std::unique_ptr<Learner>> MakeContender(const Contender& contender, const Problem& problem,
                                                       at::Device device);

// Where its schedule is one: the pipeline that takes the steps of the learner, which MakeContender made, captured where the contender is.
// Else null. InvalidArgument where there are no two workers for it.
absl::StatusOr<std::shared_ptr<Pipeline>> MakePipeline(const Contender& contender, Learner& learner, at::Device device);

// Before a contender's steps, when others stepped in between: sets what LibTorch keeps for all of a process, the rounding of
// products to TF32 and the number of threads. The contender is one that MakeContender made.
void Activate(const Contender& contender, at::Device device);

// The weights of one module of the cascade.
int64_t ModuleParameters(const Problem& problem);

// Random images and labels, the same for every contender of one batch size, in the type of its products, as training makes them;
// features [B, D] without an extractor.
Batch MakeBatch(const Contender& contender, const Problem& problem, at::Device device);

}  // namespace sid
