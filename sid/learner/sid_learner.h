#pragma once

// SID behind the Learner interface: phases 1 and 2 by an executor, then the optimizer. Executors differ in speed and memory
// only: the weights after a step are equal, within rounding.
//
//   serial   the literal algorithm with autograd (sid/update/serial.h), everyone's reference
//   batched  closed form, all modules of a chunk at once (sid/update/batched.h), on LibTorch's operations
//   cuda     the same with the belief chain as one kernel (sid/kernels/chain.h), on a GPU
//   auto     the fastest that is equal on this machine (sid/learner/choose_executor.h)

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/machine/precision.h"
#include "sid/learner/learner.h"
#include "sid/optimizer/optimizer.h"
#include "sid/update/options.h"

namespace sid {

enum class Executor { kAuto, kSerial, kBatched, kCuda };

std::vector<std::string> ExecutorNames();
absl::StatusOr<Executor> ParseExecutor(const std::string& name);

struct ExecutorOptions {
  Executor executor = Executor::kAuto;
  // batched and cuda: modules at a time, 0 for all. With chunks, the memory above weights and optimizer state does not grow with
  // depth: a chunk is updated before the next one is looked at, and both share one chunk's activations and gradients. Only
  // PCGrad, which compares all modules' gradients by z, keeps these: [L, B, D].
  int64_t chunk = 0;
  Precision precision = Precision::kFp32;
};

// That the numbers are in range and belong together: clipping needs the norm of all gradients, of which chunks have a part;
// cuda needs a GPU with room for the network's modules.
absl::Status Validate(const ExecutorOptions& executor, const OptimizerOptions& optimizer, const Network& network);

// Takes the initialised network, on its device. All options must be valid, `options` for the network's depth.
std::unique_ptr<Learner> MakeSidLearner(Network network, const SidOptions& options, const ExecutorOptions& executor,
                                        const OptimizerOptions& optimizer);

}  // namespace sid
