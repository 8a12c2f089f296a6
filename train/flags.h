#pragma once

// The command line of //:train, as a TrainConfig.

#include <string>

#include "absl/status/statusor.h"
#include "train/config.h"

namespace sid {

// An error is one line; with --help, `*help` receives the text to print and the config means nothing.
absl::StatusOr<TrainConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help);

}  // namespace sid
