#pragma once

// What Linux says of the processor.

#include <string>

namespace sid {

// The value of the first line of /proc/cpuinfo that begins with `key` ("model name", "flags"); "unknown" without one.
std::string ProcessorField(const std::string& key);

// The text of a file that the kernel makes up as it is read (/proc, /sys): its size says 0, so base/files.h would read nothing. "" where
// it cannot be read.
std::string ReadKernelFile(const std::string& path);

}  // namespace sid
