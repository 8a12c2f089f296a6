#pragma once

// From GPU to GPU, by c10d's NCCL.

#include "pipeline/ranks.h"

namespace sid {

// What lies on options.device, a GPU that no other rank has, travels from it to the others' without the host's memory.
void UseNccl(RankOptions& options);

}  // namespace sid
