#pragma once

// This program again, several times at once: work that is shared out among processes has nothing of one process to share (threads, random
// streams, captured graphs, what a library keeps for all), so that each gives the bits that it gives alone.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// Runs so many copies of this program with `arguments`, and waits for all. They end when this one does, whatever ends it. Internal error
// where one fails, which it then has explained on standard error.
absl::Status RunCopies(int64_t count, const std::vector<std::string>& arguments);

}  // namespace sid
