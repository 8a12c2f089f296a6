#pragma once

// A message that quotes somebody else's bytes (a file's name, a label out of a file) stays one line, and moves no terminal's cursor.

#include <string>
#include <string_view>

namespace sid {

// With control characters as \n, \r, \t or \x1b.
std::string OneLine(std::string_view text);

}  // namespace sid
