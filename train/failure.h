#pragma once

// What to tell of an exception that ends a run: LibTorch throws where memory or a device fails.

#include <exception>
#include <string>

#include "train/config.h"

namespace sid {

// One line: what happened and what to do. Out of memory names a batch size and a depth to try, where either can
// be less; a lost GPU, how to go on.
std::string DescribeFailure(const std::exception& error, const TrainConfig& config);

}  // namespace sid
