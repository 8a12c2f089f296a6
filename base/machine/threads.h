#pragma once

// Threads, where the system may refuse to start one: a limit of processes (pids.max, ulimit -u) counts them.

#include <cstdint>
#include <functional>

namespace sid {

// Runs `work` on up to `threads` threads at once, this one among them (0: on all usable processors), and waits for the last. `work` shares
// what there is to do among those that run it; where fewer can be started, they do it all. It must not throw.
void RunOnThreads(int64_t threads, const std::function<void()>& work);

// How many of `count` threads can be started at once; they end before it returns.
int64_t StartableThreads(int64_t count);

}  // namespace sid
