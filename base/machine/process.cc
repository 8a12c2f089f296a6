#include "base/machine/process.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <climits>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/machine/limits.h"
#include "base/status.h"
#include "third_party/logging/logging.h"

namespace sid {

namespace {

// LibTorch has two pools, OpenMP's and one of its own, in which the calling thread is one.
int64_t ThreadsOfPools(int64_t threads) { return 2 * (threads - 1); }

absl::StatusOr<int64_t> ChooseThreads(int64_t asked) {
  const int64_t wanted = asked > 0 ? asked : std::min<int64_t>(at::get_num_threads(), UsableProcessors());
  const int64_t startable = StartableThreads(ThreadsOfPools(wanted));
  const int64_t most = startable < ThreadsOfPools(wanted) ? 1 + startable / 2 : wanted;
  if (asked > most) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot compute on ", asked, " threads: the system starts ", startable, " of the ",
                     ThreadsOfPools(asked), " that they need (pids.max, ulimit -u); --threads=", most, " can be had"));
  }
  return most;
}

}  // namespace

absl::Status SetUpProcess(int64_t threads) {
  const int64_t before = at::get_num_threads();
  SID_ASSIGN_OR_RETURN(const int64_t chosen, ChooseThreads(threads));
  if (threads == 0 && chosen < before)
    LOG(WARNING) << "computes on " << chosen << " of " << before
                 << " threads, as this process may use no more (its container's "
                 << "quota of processors or processes)";
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  at::globalContext().setFlushDenormal(true);
  if (threads > 0 || chosen < before) at::set_num_threads(static_cast<int>(chosen));
  return absl::OkStatus();
}

namespace {

// Up to `count`, as many as the system starts.
std::vector<std::thread> Start(int64_t count, const std::function<void()>& work) {
  std::vector<std::thread> threads;
  threads.reserve(count);
  try {
    while (static_cast<int64_t>(threads.size()) < count) threads.emplace_back(work);
  } catch (const std::system_error&) {  // EAGAIN: what is running does
  }
  return threads;
}

}  // namespace

void RunOnThreads(int64_t threads, const std::function<void()>& work) {
  if (threads <= 0) threads = UsableProcessors();
  std::vector<std::thread> others = Start(threads - 1, work);
  const auto started = static_cast<int64_t>(others.size()) + 1;
  if (started < threads)
    LOG(WARNING) << "works on " << started << " of " << threads
                 << " threads: the system starts no more (pids.max, ulimit -u)";
  work();
  for (std::thread& other : others) other.join();
}

int64_t StartableThreads(int64_t count) {
  std::latch counted(1);
  std::vector<std::thread> threads = Start(count, [&counted] { counted.wait(); });
  counted.count_down();
  for (std::thread& thread : threads) thread.join();
  return static_cast<int64_t>(threads.size());
}

}  // namespace sid
