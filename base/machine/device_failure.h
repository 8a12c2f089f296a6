#pragma once

// What an exception that ends a program says about the machine: LibTorch throws where memory or a GPU fails, and the text is
// often all that tells one from the other.

#include <exception>
#include <string>

namespace sid {

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
