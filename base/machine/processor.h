#pragma once

// What Linux says of the processor.

#include <string>

namespace sid {

// The value of the first line of /proc/cpuinfo that begins with `key` ("model name", "flags"); "unknown" without one.
std::string ProcessorField(const std::string& key);

}  // namespace sid
