#pragma once

// Text files as people's editors leave them.

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sid {

// The lines of a UTF-8 text, ended by \n, \r\n or \r, without byte order marks, blanks around them and empty lines. ReadFile's errors;
// InvalidArgument for UTF-16 and what is no text.
absl::StatusOr<std::vector<std::string>> ReadTextLines(const std::string& path);

}  // namespace sid
