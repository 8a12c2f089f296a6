#pragma once

// Files and programs that Bazel lays beside a program as its data. It runs programs and tests in the folder of their data;
// called by hand, that lies beside the program.

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sid {

// Where the file is that the source tree has at `path`; "" when it did not come with this program.
std::string DataFile(const std::string& path);

// Runs the program that the tree builds at `path` and waits for it. Internal error when it is not there or fails, which it
// then has explained on standard error.
absl::Status RunDataProgram(const std::string& path, const std::vector<std::string>& arguments);

}  // namespace sid
