#pragma once

// Where a result comes from, and what about the machine makes it worth less.

#include <c10/core/Device.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/environment/gpu_monitor.h"

namespace sid {

// Processor, GPU, clocks, driver, libraries' versions, compiler and its mode, commit, and `command` as given.
nlohmann::ordered_json DescribeEnvironment(at::Device device, const GpuMonitor* gpu, const std::string& command);

// One line for each reason not to trust times measured here and now: a debug build, a processor whose clock follows the load,
// a machine that others use. Asked before this process computes, or it finds itself. `root` holds proc/ and sys/:
// "" but in tests.
std::vector<std::string> Warnings(const GpuMonitor* gpu, const std::string& root);

}  // namespace sid
