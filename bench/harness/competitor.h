#pragma once

// A contender made: its learner on its batch, ready to step. All of a run exist at once and step in turns.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/machine/cuda_graph.h"
#include "bench/contenders/contender.h"
#include "bench/timing/phase_timers.h"

namespace sid {

// So small that random labels do not drive the weights to where numbers are slow (subnormal) or not finite.
inline constexpr double kBenchLearningRate = 1e-5;

class Competitor {
 public:
  // SecondsPerStep replays a captured contender's step as a CUDA graph, for which `device` must be a GPU.
  static absl::StatusOr<Competitor> Make(const Contender& contender, const Problem& problem, at::Device device);

  // `steps` plain steps, marked as phases "step" of `timer`; does not wait for the device.
  void Step(int64_t steps, PhaseTimer& timer);

  // Of a captured contender without a pipeline, whose phases lie side by side: records its step once more, with its phases as events of the
  // graph, which Profile then has. Not before all of SecondsPerStep is measured, as the events take time too.
  void TimeReplays();

  // The phases of one step, "step" around them all: of a replay after TimeReplays, else of a plain step that `timer` times.
  std::vector<PhaseTime> Profile(RecordingTimer& timer);

  // Threads of the CPU that it computes on, once it has stepped.
  int64_t threads() const;

  // Seconds a step, mean of `steps`, from an idle device to an idle device.
  double SecondsPerStep(int64_t steps, PhaseTimer& timer, const Clock& clock);

  // Whether its workers go on by themselves until they are drained, beside whoever is measured next: threads and processes do, a GPU's streams do not.
  bool has_workers() const { return pipeline_ != nullptr && device_.is_cpu(); }

 private:
  Competitor(Contender contender, std::unique_ptr<Learner> learner, Batch batch, at::Device device)
      : contender_(std::move(contender)), learner_(std::move(learner)), batch_(std::move(batch)), device_(device) {}

  void Capture(PhaseTimer& timer);
  void OneStep(PhaseTimer& timer);

  Contender contender_;
  std::unique_ptr<Learner> learner_;
  std::shared_ptr<Pipeline> pipeline_;  // may be null
  Batch batch_;
  at::Device device_;
  at::Tensor learning_rate_;                      // on the device, for the graph
  std::unique_ptr<Graph> graph_;                  // null: every step is plain
  std::unique_ptr<RecordingTimer> replay_timer_;  // null: replays are not timed
};

// Seconds of a step of a pipeline that is full, whose workers have processors of their own: the time of steps + 1, less that of one, by
// steps, each from empty to empty. Filling, draining and what a drain brings home are in both. Not the time between two returns of Begin,
// which a first worker that is faster than the others gives too soon for as long as it runs ahead.
double SteadySeconds(Pipeline& pipeline, const Batch& batch, int64_t steps, const Clock& clock);

// Returns when the device has done all work; at once for a CPU.
void WaitFor(at::Device device);

}  // namespace sid
