#include "base/machine/process.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <climits>

#include "absl/strings/str_cat.h"
#include "base/machine/limits.h"
#include "base/machine/threads.h"
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

}  // namespace sid
