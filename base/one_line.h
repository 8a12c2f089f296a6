#pragma once

// A message that quotes somebody else's bytes (a file's name, a label out of a file) stays one line, and moves no terminal's cursor.

#include <string>
#include <string_view>

namespace sid {

// With control characters as \n, \r, \t or \x1b, bytes that are no UTF-8 as \xff, and what nobody could see, as a byte order mark, as \ufeff.
std::string OneLine(std::string_view text);

}  // namespace sid
