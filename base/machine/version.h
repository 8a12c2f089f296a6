#pragma once

// Which machine, with which libraries, made a result; release.h says which program.

#include <c10/core/Device.h>

#include <nlohmann/json.hpp>

namespace sid {

// Processor, cores, memory, operating system, compiler, LibTorch, threads and device; of a GPU its name, memory,
// multiprocessors and compute capability. For config.json and results.
nlohmann::json DescribeMachine(at::Device device);

}  // namespace sid
