#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"

namespace sid {

// Sets this process up as training needs it, on `threads` threads. 0 takes as many as LibTorch does by itself (OMP_NUM_THREADS, or the
// affinity), but no more than a container's quota allows and the system starts, and says where that is fewer. ResourceExhausted where the
// system does not start the number asked for: LibTorch would wait for them for ever. Every program that trains or times training calls
// it, before any parallel work, so that all learners are measured as they are used:
//
//   freed memory stays with the process. By default the C library returns blocks of more than 32 MB to the system at once and fetches
//     them again, zeroed page by page, in every training step: a sixth to a fifth of a step of the SimpleCNN extractor's time (B = 128,
//     3x32x32 images).
//   numbers too small to be normal (below 1.2e-38 in float32) are 0, in this thread and those that it will start, as in GPUs' matrix
//     units. Processors need a hundred times as long for such a number, and what flows back through dozens of softmax beliefs ends
//     there: without this, backpropagation through 64 modules takes three times as long.
absl::Status SetUpProcess(int64_t threads = 0);

// Threads, where the system may refuse to start one: a limit of processes (pids.max, ulimit -u) counts them.

// Runs `work` on up to `threads` threads at once, this one among them (0: on all usable processors), and waits for the last. `work` shares
// what there is to do among those that run it; where fewer can be started, they do it all. It must not throw.
void RunOnThreads(int64_t threads, const std::function<void()>& work);

// How many of `count` threads can be started at once; they end before it returns.
int64_t StartableThreads(int64_t count);

}  // namespace sid
