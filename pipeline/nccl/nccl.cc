#include "pipeline/nccl/nccl.h"

#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <utility>

namespace sid {

void UseNccl(RankOptions& options) {
  // A rank that is gone shows at its links, which say so in one line; NCCL's own watchdog would end the process with a stack.
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", /*overwrite=*/0);
  options.make_lane = [](const c10::intrusive_ptr<c10d::Store>& store, int rank, int size) -> Lane {
    auto nccl = c10d::ProcessGroupNCCL::Options::create();
    nccl->timeout = kEver;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, std::move(nccl));
  };
}

}  // namespace sid
