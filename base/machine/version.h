#pragma once

// Which program and which machine made a result.

#include <c10/core/Device.h>

#include <nlohmann/json.hpp>
#include <string>

namespace sid {

// The release this is, or becomes.
inline constexpr char kVersion[] = "0.1.0";

// The git commit this was built from, "-modified" behind it when the tree had changes; "unknown" outside git.
std::string Commit();

// Processor, cores, memory, operating system, compiler, LibTorch, threads and device: for config.json and results.
nlohmann::json DescribeMachine(at::Device device);

}  // namespace sid
