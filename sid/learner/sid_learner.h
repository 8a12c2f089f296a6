#pragma once

// SID behind the Learner interface: phases 1 and 2 by an executor, then the optimizer. Executors differ in speed and memory
// only: the weights after a step are equal, within rounding.
//
//   serial   the literal algorithm with autograd (sid/update/serial.h), everyone's reference
//   batched  closed form, all modules of a chunk at once (sid/update/batched.h)
//   auto     the fastest: batched

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sid/learner/learner.h"
#include "sid/optimizer/optimizer.h"
#include "sid/update/options.h"

namespace sid {

enum class Executor { kSerial, kBatched };

std::vector<std::string> ExecutorNames();
absl::StatusOr<Executor> ParseExecutor(const std::string& name);

struct ExecutorOptions {
  Executor executor = Executor::kBatched;
  // batched: modules at a time, 0 for all. With chunks, the memory above weights and optimizer state does not grow with
  // depth: a chunk is updated before the next one is looked at, and both share one chunk's activations and gradients.
  int64_t chunk = 0;
};

// That the numbers are in range and belong together: clipping needs the norm of all gradients, of which chunks have a part.
absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer);

// Takes the initialised network, on its device. All options must be valid, `options` for the network's depth.
std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const ExecutorOptions& executor,
                                        const OptimizerOptions& optimizer);

}  // namespace sid
