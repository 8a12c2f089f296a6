#include "base/machine/process.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <climits>

namespace sid {

void SetUpProcess(int64_t threads) {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  at::globalContext().setFlushDenormal(true);
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
}

}  // namespace sid
