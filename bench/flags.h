#pragma once

// The command line of //:bench, as a BenchConfig.

#include <string>

#include "absl/status/statusor.h"
#include "bench/sweep.h"

namespace sid {

// An error is one line; with --help, `*help` receives the text to print and the config means nothing.
absl::StatusOr<BenchConfig> ConfigFromFlags(int argc, const char* const* argv, std::string* help);

}  // namespace sid
