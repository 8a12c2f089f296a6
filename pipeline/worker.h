#pragma once

// One worker of a pipeline: neighbouring stages of SID's learner, which it alone runs and updates.
//
//   in: order, learning rate, features, belief, labels --stage--> ... --stage--> the same for the next worker, before the last update
//   home: after each step its part of the row (training/watch.h); its state where it is asked for
//
// A step of a stage needs what the one before it hands on, and its own state after its step before: both are those of the serial loop,
// whatever other workers do meanwhile. So the weights are the serial loop's, to the bit.

#include <cstdint>
#include <functional>
#include <vector>

#include "pipeline/channel.h"
#include "sid/learner/sid_learner.h"
#include "training/watch.h"

namespace sid {

// What a worker is told to do.
enum class Order {
  kStep,
  kSendState,  // home
  kTakeState,  // from home
  kEnd,
};

// A batch on its way through the pipeline.
struct Work {
  at::Tensor features;       // x or h [B, ...]
  at::Tensor log_belief;     // [B, C]
  at::Tensor labels;         // int64 [B]; each worker makes the target anew
  at::Tensor learning_rate;  // scalar, on the CPU or on the weights' device
};

std::vector<at::Tensor> Encode(Order order, const Work& work = {});

class Worker {
 public:
  // Stages [begin, end) of the learner, which outlives it.
  Worker(SidLearner& learner, size_t begin, size_t end, Watched watched = Watched::kAll);

  // A step of its stages. Gives `hand_on` the next worker's work as soon as it is there; returns its part of the row.
  at::Tensor Step(const Work& work, const std::function<void(const Work&)>& hand_on);

  std::vector<NamedTensor> State() const;
  const Watch& watch() const { return watch_; }
  int64_t first_module() const { return first_module_; }
  bool is_last() const { return end_ == learner_.stages().size(); }

 private:
  SidLearner& learner_;
  size_t begin_, end_;
  int64_t first_module_;
  Watch watch_;
};

// Where the numbers of each worker's part stand in a row of the learner's (training/watch.h): the losses of its modules, its tensors by name.
// All have a place for the norm of z and one for what was right, of which the last worker's part has the numbers.
struct RowLayout {
  std::vector<std::vector<int64_t>> places;  // of each worker
  int64_t columns = 0;
};

// ... of the part with losses [begin, end) and the tensors of `watch`.
std::vector<int64_t> PlacesInRow(const Learner& learner, int64_t begin, int64_t end, const Watch& watch);
int64_t ColumnsOfRow(const Learner& learner);

RowLayout LayoutOfRows(const SidLearner& learner, const std::vector<Worker>& workers);

// All workers: the learner's stages in `count` runs, as equal in flops as can be. `count` is from 1 to their number.
std::vector<Worker> MakeWorkers(SidLearner& learner, int64_t count, Watched watched = Watched::kAll);

// A worker's state as one tensor, in one dimension, of the weights' type, and back.
at::Tensor Pack(const std::vector<NamedTensor>& state);
void Unpack(const at::Tensor& packed, const std::vector<NamedTensor>& state);

// The channels of a worker that is not the first.
struct WorkerChannels {
  Receiver* in;                   // from the worker before
  Sender* out;                    // to the next one; null for the last
  Sender* home;                   // to the first one; with its state goes what it has sent on, in bytes
  Receiver* from_home = nullptr;  // where its state comes from; null where it shares memory with the first one
};

// Does what the next message from `in` orders. False: it was the end.
bool ServeOne(Worker& worker, const WorkerChannels& channels);

}  // namespace sid
