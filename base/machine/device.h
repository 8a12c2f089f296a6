#pragma once

// Where tensors live: chosen at run time, by name.

#include <c10/core/Device.h>

#include <exception>
#include <string>

#include "absl/status/statusor.h"

namespace sid {

// "auto" (the first GPU where there is one, else the CPU, with a warning where a driver has one and does not show it), "cpu",
// "cuda" or "cuda:1". An error says which devices there are.
absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// Why a driver that is there shows no GPU, in one line; "" where it shows one, there is no driver, or it shows none on purpose. `error` is
// cudaGetDeviceCount's, the versions (13000 for 13.0) are of the CUDA that the driver knows, 0 without one, and of the one that we are
// built with.
std::string WhyNoGpu(int error, int driver_version, int built_version);

// From here on, operations that would differ from run to run on a GPU use a deterministic algorithm or throw.
void UseDeterministicAlgorithms();

// What an exception that ends a program says about the machine: LibTorch throws where memory or a GPU fails, and the text is
// often all that tells one from the other.

enum class DeviceFailure {
  kNone,               // it is of something else
  kOutOfHostMemory,    // the processor's
  kOutOfDeviceMemory,  // the GPU's
  kDeviceFailed        // the GPU is lost, or a kernel or library on it has failed
};

DeviceFailure RecogniseDeviceFailure(const std::exception& error);

// One line: what happened and what to do; of anything else the first line of what it says. For Program::describe
// (base/command_line/program.h) of programs that know nothing better.
std::string DescribeDeviceFailure(const std::exception& error);

}  // namespace sid
