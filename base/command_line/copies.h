#pragma once

// This program again, several times at once: work that is shared out among processes has nothing of one process to share (threads, random
// streams, captured graphs, what a library keeps for all), so that each gives the bits that it gives alone.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sid {

// A copy of this program with `arguments`, beside it; its environment is this one's, with `variables` ("NAME=value") in their place. It ends when this
// program does, whatever ends that. ResourceExhausted where the system starts no more.
absl::StatusOr<pid_t> StartCopy(const std::vector<std::string>& arguments, std::vector<std::string> variables = {});

// Waits until it has ended: whether it returned 0.
bool EndsWell(pid_t copy);

// Runs so many copies of this program with `arguments`, and waits for all. Internal error where one fails, which it then has
// explained on standard error.
absl::Status RunCopies(int64_t count, const std::vector<std::string>& arguments);

}  // namespace sid
